import { ServiceError } from '../contract/wire.ts';

/** As much of node-pty as is used. */
export interface Pty {
  readonly pid: number;
  readonly onData: (listener: (data: string) => void) => unknown;
  readonly onExit: (listener: (exit: { exitCode: number; signal?: number }) => void) => unknown;
  resize(cols: number, rows: number): void;
  write(data: string): void;
  kill(signal?: string): void;
  pause(): void;
  resume(): void;
}

export interface PtyOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly cols: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export type SpawnPty = (options: PtyOptions) => Promise<Pty>;

/** Pseudo terminals of node-pty. It is an optional package: where it could not be built all else goes on without it. */
export const spawnPty: SpawnPty = async ({ file, args, cols, rows, cwd, env }) => {
  const pty = await import('node-pty').catch((error: unknown) => {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ServiceError(
      'unavailable',
      `there are no terminals here: node-pty cannot be loaded (${why})`,
      'install a C++ compiler, make and Python, then run npm ci again',
    );
  });
  return pty.spawn(file, [...args], { name: 'xterm-256color', cols, rows, cwd, env: { ...env } });
};
