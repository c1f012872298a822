import type { Arguments } from './arguments.ts';
import type { KernelPlan } from './kernel-plan.ts';

export interface Screen {
  readonly rows: number;
  readonly cols: number;
}

const OVERLAYS = ['/etc', '/lib', '/home', '/opt', '/srv', '/usr', '/var', '/tmp'];
const INIT = '/usr/lib/virtme-ng/virtme-ng-init';

/** The kernel's command line, in virtme-ng's order: the user's own words come late, so that they win. */
export function kernelCommandLine(
  args: Arguments,
  plan: KernelPlan,
  session: { readonly screen: Screen | null; readonly user: string; readonly cwd: string },
): string[] {
  const { verbosity } = args;
  const early = verbosity > 0 ? ['earlyprintk=serial,ttyS0,115200'] : [];
  const { screen } = session;
  const place =
    screen === null
      ? [
          ...['console=ttyS0', ...early],
          ...(verbosity > 0 ? [] : ['quiet', 'loglevel=0']),
          'panic=-1',
          execWord(args),
        ]
      : [
          ...['console=hvc0', ...early, 'psmouse.proto=exps'],
          ...[`"virtme_stty_con=rows ${screen.rows} cols ${screen.cols} iutf8"`, 'TERM=xterm-256color'],
        ];
  const loudness = [['quiet', 'loglevel=1'], ['loglevel=7'], ['debug']][Math.min(verbosity, 2)];
  return [
    `virtme_hostname=${args.text('name') ?? 'virtme-ng'}`,
    'nr_open=1073741816',
    ...OVERLAYS.map((path, i) => `virtme_rw_overlay${i}=${path}`),
    'virtme_console=ttyS0',
    ...place,
    `virtme_chdir=${session.cwd.replace(/^\//, '')}`,
    ...(session.user === 'root' ? ['virtme_root_user=1'] : [`virtme_user=${session.user}`]),
    ...['rootfstype=virtiofs', 'root=ROOTFS', 'raid=noautodetect', args.has('rw') ? 'rw' : 'ro'],
    ...loudness,
    ...plan.append,
    `init=${INIT}`,
  ];
}

/** The script, as the kernel hands it to virtme-ng's init. */
function execWord(args: Arguments): string {
  return `virtme.exec=\`${Buffer.from(args.command ?? '').toString('base64')}\``;
}

/** What of the log the terminal shows: lines of a level below this. The last word that says so counts. */
export function consoleLogLevel(words: readonly string[]): number {
  let level = 7;
  let ignored = false;
  for (const word of words) {
    if (word === 'quiet') level = 4;
    else if (word === 'debug') level = 10;
    else if (word === 'ignore_loglevel') ignored = true;
    else if (/^loglevel=\d+$/.test(word)) level = Math.min(Number(word.slice('loglevel='.length)), 15);
  }
  return ignored ? 16 : level;
}
