import { registerDevice } from '../drivers/base/core.ts';
import { EAGAIN, EINVAL } from '../include/errno.ts';
import { O_NONBLOCK, type FileStruct } from '../include/fs.ts';
import { INIT, kernelInit } from '../init/initcall.ts';
import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { KERN, type LogLine } from '../log.ts';
import { devkmsg_read } from './syslog.ts';

/**
 * /dev/kmsg: the log record by record for who reads, and a line of the log for who writes.
 *
 * Models: kernel/printk/printk.c. Leaves out: seeking, and that writers are limited to some lines a second.
 */

/** LOG_USER: lines that come from user space. */
const FACILITY_USER = 1;
/** LOG_LINE_MAX */
const LONGEST_LINE = 1024 - 48;

/** How far each open file has read. */
const positions = new WeakMap<FileStruct, number>();

/** devkmsg_read() - the next record; a reader that is behind the log's beginning goes on there. */
const readRecord = kfunc('devkmsg_read_record', function* (file: FileStruct, size: number) {
  const at = positions.get(file) ?? kernel().log.clearedTo;
  if ((file.f_flags & O_NONBLOCK) !== 0 && kernel().log.lines.length <= at) return -EAGAIN;
  const lines = yield* devkmsg_read(at);
  if (typeof lines === 'number') return lines;
  const record = recordOf(lines[0], at);
  if (record.length > size) return -EINVAL;
  positions.set(file, at + 1);
  return record;
});

/** `prio,sequence,microseconds,-;text` */
const recordOf = ({ level, time, text }: LogLine, sequence: number): string =>
  `${level},${sequence},${Math.floor(time / 1000)},-;${text}\n`;

/** devkmsg_write() - a line for the log, with its level before it: `<3>text`. */
const devkmsg_write = kfunc('devkmsg_write', function* (data: string) {
  if (data.length > LONGEST_LINE) return -EINVAL;
  const [, priority = `${(FACILITY_USER << 3) | KERN.WARNING}`, text] =
    /^(?:<(\d+)>)?([^]*)$/.exec(data) ?? [];
  kernel().log.print(Number(priority) & 7, text.replace(/\n$/, ''));
  return data.length;
});

kernelInit('kmsg', INIT.DEVICE, () => {
  registerDevice('/dev/kmsg', {
    read: (file, size) => readRecord(file, size),
    write: (_file, data) => devkmsg_write(data),
  });
});
