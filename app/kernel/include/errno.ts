/** Error numbers of x86-64, with the kernel's names. Functions return them negated, as in C. */
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const ENOEXEC = 8;
export const EBADF = 9;
export const ECHILD = 10;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const EXDEV = 18;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOTTY = 25;
export const EFBIG = 27;
export const ENOSPC = 28;
export const ESPIPE = 29;
export const EROFS = 30;
export const EPIPE = 32;
export const ERANGE = 34;
export const EDEADLK = 35;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;
export const EOVERFLOW = 75;
export const EOPNOTSUPP = 95;
export const ETIMEDOUT = 110;
/** Never seen by user space: the call is to be made again once the signal is handled. */
export const ERESTARTSYS = 512;
export const ERESTARTNOHAND = 514;
export const ERESTART_RESTARTBLOCK = 516;

interface ErrorDescription {
  readonly name: string;
  /** What `strerror()` says. */
  readonly text: string;
}

const DESCRIPTIONS: ReadonlyMap<number, ErrorDescription> = new Map([
  [EPERM, { name: 'EPERM', text: 'Operation not permitted' }],
  [ENOENT, { name: 'ENOENT', text: 'No such file or directory' }],
  [ESRCH, { name: 'ESRCH', text: 'No such process' }],
  [EINTR, { name: 'EINTR', text: 'Interrupted system call' }],
  [EIO, { name: 'EIO', text: 'Input/output error' }],
  [ENXIO, { name: 'ENXIO', text: 'No such device or address' }],
  [E2BIG, { name: 'E2BIG', text: 'Argument list too long' }],
  [ENOEXEC, { name: 'ENOEXEC', text: 'Exec format error' }],
  [EBADF, { name: 'EBADF', text: 'Bad file descriptor' }],
  [ECHILD, { name: 'ECHILD', text: 'No child processes' }],
  [EAGAIN, { name: 'EAGAIN', text: 'Resource temporarily unavailable' }],
  [ENOMEM, { name: 'ENOMEM', text: 'Cannot allocate memory' }],
  [EACCES, { name: 'EACCES', text: 'Permission denied' }],
  [EFAULT, { name: 'EFAULT', text: 'Bad address' }],
  [EBUSY, { name: 'EBUSY', text: 'Device or resource busy' }],
  [EEXIST, { name: 'EEXIST', text: 'File exists' }],
  [EXDEV, { name: 'EXDEV', text: 'Invalid cross-device link' }],
  [ENODEV, { name: 'ENODEV', text: 'No such device' }],
  [ENOTDIR, { name: 'ENOTDIR', text: 'Not a directory' }],
  [EISDIR, { name: 'EISDIR', text: 'Is a directory' }],
  [EINVAL, { name: 'EINVAL', text: 'Invalid argument' }],
  [ENFILE, { name: 'ENFILE', text: 'Too many open files in system' }],
  [EMFILE, { name: 'EMFILE', text: 'Too many open files' }],
  [ENOTTY, { name: 'ENOTTY', text: 'Inappropriate ioctl for device' }],
  [EFBIG, { name: 'EFBIG', text: 'File too large' }],
  [ENOSPC, { name: 'ENOSPC', text: 'No space left on device' }],
  [ESPIPE, { name: 'ESPIPE', text: 'Illegal seek' }],
  [EROFS, { name: 'EROFS', text: 'Read-only file system' }],
  [EPIPE, { name: 'EPIPE', text: 'Broken pipe' }],
  [ERANGE, { name: 'ERANGE', text: 'Numerical result out of range' }],
  [EDEADLK, { name: 'EDEADLK', text: 'Resource deadlock avoided' }],
  [ENOSYS, { name: 'ENOSYS', text: 'Function not implemented' }],
  [ENOTEMPTY, { name: 'ENOTEMPTY', text: 'Directory not empty' }],
  [EOVERFLOW, { name: 'EOVERFLOW', text: 'Value too large for defined data type' }],
  [EOPNOTSUPP, { name: 'EOPNOTSUPP', text: 'Operation not supported' }],
  [ETIMEDOUT, { name: 'ETIMEDOUT', text: 'Connection timed out' }],
]);

/** The name of an error number given with either sign: `EINVAL`. */
export function errnoName(error: number): string {
  return DESCRIPTIONS.get(Math.abs(error))?.name ?? `E${Math.abs(error)}`;
}

/** What `strerror()` says to an error number given with either sign: `Invalid argument`. */
export function strerror(error: number): string {
  return DESCRIPTIONS.get(Math.abs(error))?.text ?? `Unknown error ${Math.abs(error)}`;
}
