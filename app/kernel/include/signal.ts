/** Signal numbers of x86-64. */
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGWINCH = 28;

/** The bit of a signal in a set of pending ones. */
export const sigmask = (sig: number): number => 1 << (sig - 1);

/** Signals that are ignored unless there is a handler. */
const IGNORED = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH]);

/** True if nobody ever notices the signal without a handler. */
export const sig_kernel_ignore = (sig: number): boolean => IGNORED.has(sig);

/** Signals that stop a process unless there is a handler. */
export const STOP_SIGNALS: readonly number[] = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];

export const sig_kernel_stop = (sig: number): boolean => STOP_SIGNALS.includes(sig);
