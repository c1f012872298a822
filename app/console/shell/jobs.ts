import { signalText } from './signals.ts';

/** One process of a job. */
export interface JobProcess {
  readonly pid: number;
  /** How it ended, as wait4() tells; null while it lives. */
  status: number | null;
  /** The signal that stopped it; 0 while it runs. */
  stopped: number;
}

/** A pipeline that the shell started. */
export class Job {
  /** What happened to it last has been told. */
  told = true;
  /** It came to the foreground, where its end needs no announcement. */
  foreground = false;

  constructor(
    readonly number: number,
    readonly processes: readonly JobProcess[],
    readonly text: string,
    /** Where the shell was then. */
    readonly cwd: string,
    /** The process group; 0 without job control. */
    readonly pgrp: number,
  ) {}

  get pids(): readonly number[] {
    return this.processes.map(({ pid }) => pid);
  }

  get lastPid(): number {
    return this.processes[this.processes.length - 1]?.pid ?? 0;
  }

  get state(): 'running' | 'stopped' | 'done' {
    if (this.processes.every(({ status }) => status !== null)) return 'done';
    const alive = this.processes.filter(({ status }) => status === null);
    return alive.every(({ stopped }) => stopped !== 0) ? 'stopped' : 'running';
  }

  /** How its last process ended, as wait4() tells. */
  get status(): number {
    return this.processes[this.processes.length - 1]?.status ?? 0;
  }

  /** The signal that stopped it. */
  get stopSignal(): number {
    return this.processes.find(({ status, stopped }) => status === null && stopped !== 0)?.stopped ?? 0;
  }

  /** What `jobs` says of it: `Running`, `Stopped`, `Exit 1`, `Killed`. */
  describe(): string {
    switch (this.state) {
      case 'running':
        return 'Running';
      case 'stopped':
        return STOP_TEXTS.get(this.stopSignal) ?? 'Stopped';
      case 'done': {
        const signal = this.status & 0x7f;
        if (signal !== 0) return signalText(signal) ?? `Signal ${signal}`;
        const code = (this.status >> 8) & 0xff;
        return code === 0 ? 'Done' : `Exit ${code}`;
      }
    }
  }
}

const STOP_TEXTS = new Map([
  [19, 'Stopped(SIGSTOP)'],
  [21, 'Stopped(SIGTTIN)'],
  [22, 'Stopped(SIGTTOU)'],
]);

/** The jobs of a shell, and which of them are `%+` and `%-`. */
export class JobTable {
  list: Job[] = [];
  current: Job | null = null;
  previous: Job | null = null;

  add(pids: readonly number[], text: string, cwd: string, pgrp: number): Job {
    const number = 1 + this.list.reduce((most, job) => Math.max(most, job.number), 0);
    const processes = pids.map((pid) => ({ pid, status: null, stopped: 0 }));
    const job = new Job(number, processes, text, cwd, pgrp);
    this.list.push(job);
    return job;
  }

  remove(job: Job): void {
    this.list = this.list.filter((other) => other !== job);
    if (this.current === job) this.current = null;
    if (this.previous === job) this.previous = null;
    if (this.current === null) this.choose();
    else if (this.previous === null) this.makeCurrent(this.current);
  }

  /** Takes note of what wait4() told of a process; the job that it belongs to, or null. */
  record(pid: number, status: number): Job | null {
    for (const job of this.list) {
      const process = job.processes.find((candidate) => candidate.pid === pid);
      if (process === undefined) continue;
      const before = job.state;
      if ((status & 0xff) === 0x7f) process.stopped = (status >> 8) & 0xff;
      else if (status === 0xffff) process.stopped = 0;
      else process.status = status;
      const { state } = job;
      if (state !== before) {
        job.told = state === 'running';
        if (state === 'stopped') this.makeCurrent(job);
      }
      return job;
    }
    return null;
  }

  /** The job that a specification names: `%1`, `%+`, `%-`, `%sle`, `%?eep`; a text says why it is none. */
  find(word: string): Job | 'none' | 'ambiguous' {
    const spec = word.startsWith('%') ? word.slice(1) : word;
    if (spec === '' || spec === '%' || spec === '+') return this.current ?? 'none';
    if (spec === '-') return this.previous ?? 'none';
    if (/^\d+$/.test(spec)) return this.list.find(({ number }) => String(number) === spec) ?? 'none';
    const inside = spec.startsWith('?');
    const part = inside ? spec.slice(1) : spec;
    const found = this.list.filter(({ text }) => (inside ? text.includes(part) : text.startsWith(part)));
    return found.length > 1 ? 'ambiguous' : (found[0] ?? 'none');
  }

  mark(job: Job): '+' | '-' | ' ' {
    return job === this.current ? '+' : job === this.previous ? '-' : ' ';
  }

  /** A line of `jobs`, and of what is told before a prompt. */
  line(job: Job, cwd: string, home: string, pids = false): string {
    const background = job.state === 'running' ? ' &' : '';
    const elsewhere = job.cwd === cwd ? '' : `  (wd: ${abbreviate(job.cwd, home)})`;
    const pid = pids ? `${String(job.pids[0] ?? 0).padStart(5)} ` : ' ';
    const left = `[${job.number}]${this.mark(job)} ${pid}${job.describe().padEnd(24)}`;
    return `${left}${job.text}${background}${elsewhere}\n`;
  }

  /** set_current_job() of bash. */
  makeCurrent(job: Job): void {
    if (this.current !== job) {
      this.previous = this.current;
      this.current = job;
    }
    if (this.previous !== null && this.previous !== job && this.previous.state === 'stopped') return;
    const older = this.list.filter((other) => other !== job);
    const stopped = older.filter(({ state }) => state === 'stopped');
    const running = older.filter(({ state }) => state === 'running');
    const candidates = job.state === 'stopped' && stopped.length > 0 ? stopped : running;
    this.previous = candidates[candidates.length - 1] ?? job;
  }

  /** reset_current() of bash: after a job came or went. */
  choose(): void {
    if (this.current?.state === 'stopped') {
      this.makeCurrent(this.current);
      return;
    }
    const stopped = this.list.filter(({ state }) => state === 'stopped');
    const running = this.list.filter(({ state }) => state === 'running');
    const candidate =
      (this.previous?.state === 'stopped' ? this.previous : null) ??
      stopped[stopped.length - 1] ??
      running[running.length - 1];
    if (candidate !== undefined) this.makeCurrent(candidate);
    else {
      this.current = null;
      this.previous = null;
    }
  }
}

/** A folder with `~` for the home. */
export function abbreviate(path: string, home: string): string {
  if (home === '' || home === '/') return path;
  if (path === home) return '~';
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
