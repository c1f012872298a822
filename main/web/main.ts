// The local web host: serves the workbench to a browser on this machine.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { VERSION } from '../../app/base/version.ts';
import { findRoot, foldersIn } from '../common/folders.ts';
import { createWorkbench } from '../common/workbench.ts';
import { hasDisplay, openBrowser } from './open-browser.ts';
import { newToken, sameToken, startWebServer } from './server.ts';

interface Options {
  readonly port: number;
  readonly data?: string;
  readonly open: boolean;
  readonly token?: string;
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

const program = new Command('scythe-workbench')
  .description('Serves the workbench to a browser on this machine.')
  .version(VERSION)
  .option('--port <number>', 'port to listen on, 0 for any that is free', portOf, 0)
  .option('--data <folder>', "where the user's files and settings are kept")
  .option('--token <text>', 'token to ask for, instead of a new one', tokenOf)
  .option('--no-open', 'print the address, and open no browser')
  .action(serve);

program.parseAsync().catch((error: unknown) => {
  console.error(`scythe: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 3;
});

async function serve(options: Options): Promise<void> {
  const token = options.token ?? newToken();
  const service = createWorkbench(foldersIn(root, options.data), root);
  const server = await startWebServer({
    folder: join(root, 'dist/renderer'),
    address: '127.0.0.1',
    port: options.port,
    admit: (visit) => {
      if (!sameToken(visit.token, token)) return null;
      const caller = service.connect('owner');
      return { service: caller, role: 'owner', version: VERSION, onClose: () => caller.close() };
    },
  }).catch((error: unknown) => {
    throw new Error(
      `cannot listen on 127.0.0.1:${options.port} (${error instanceof Error ? error.message : String(error)}); ` +
        'give another --port',
    );
  });
  const url = `${server.origin}/#token=${token}`;
  console.log(`The workbench is at ${url}`);
  console.log('Ctrl-C ends it.');
  if (options.open && hasDisplay()) openBrowser(url);

  let ending = false;
  const end = () => {
    if (ending) process.exit(130);
    ending = true;
    void server
      .close()
      .then(() => service.dispose())
      .then(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  }
  return port;
}

function tokenOf(text: string): string {
  if (!/^[\w-]{22,}$/.test(text)) {
    throw new InvalidArgumentError('A token has at least 22 letters, digits, - or _.');
  }
  return text;
}
