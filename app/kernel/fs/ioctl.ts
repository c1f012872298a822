import { EBADF, ENOTTY } from '../include/errno.ts';
import { kfunc } from '../kfunc.ts';
import { fdget, fdput } from './file.ts';

/**
 * __x64_sys_ioctl() - the system call ioctl(). Commands go by their names, arguments as values in place of
 * a pointer to them.
 */
export const __x64_sys_ioctl = kfunc('__x64_sys_ioctl', function* (fd: number, cmd: string, arg: unknown) {
  const f = yield* fdget(fd);
  if (f === null) return -EBADF;
  const { unlocked_ioctl } = f.file.f_op;
  const result = unlocked_ioctl === undefined ? -ENOTTY : yield* unlocked_ioctl(f.file, cmd, arg);
  yield* fdput(f);
  return result;
});
