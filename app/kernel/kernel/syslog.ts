import { SimObject } from '../../sim/object.ts';
import { EINTR, EINVAL } from '../include/errno.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { set_sysctl } from './sysctl.ts';
import { waitForMore } from './trace/trace_pipe.ts';

/** What readers of the log wait on. */
class LogWait extends SimObject {
  constructor() {
    super(null);
  }

  override get name(): string {
    return 'log_wait';
  }
}

/**
 * do_syslog() - the lines of the log from `from` on, waiting for one if there is none yet.
 *
 * Context: the log is no part of what tasks share (see KernelLog): the reader takes what is there at that moment.
 * Return: the lines; -EINTR.
 */
export const devkmsg_read = kfunc('devkmsg_read', function* (from: number) {
  const { log } = kernel();
  log.readers ??= new LogWait();
  if (!(yield* waitForMore(log.readers, () => log.lines.length > from))) return -EINTR;
  return log.lines.slice(from);
});

/** do_syslog(SYSLOG_ACTION_CLEAR) - what is there now is shown no more. */
export const syslog_clear = kfunc('do_syslog', function* () {
  const { log } = kernel();
  log.clearedTo = log.lines.length;
  return 0;
});

/** do_syslog(SYSLOG_ACTION_CONSOLE_LEVEL) - lines of a lower level than this are printed on the console. */
export const syslog_console_level = kfunc('syslog_console_level', function* (level: number) {
  if (level < 1 || level > 8) return -EINVAL;
  yield* set_sysctl('kernel.printk', level);
  return 0;
});
