import type { Body } from '../../../sim/call.ts';
import { EINVAL } from '../../include/errno.ts';
import { kernel } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import { PANIC_AT_BOOT } from '../../kernel/panic_sysctl.ts';
import { set_sysctl, sysctl } from '../../kernel/sysctl.ts';
import { kstrtoint } from '../debugfs/file.ts';
import { fixedDirectory, shown, shownBy, type Entries, type PseudoFile } from '../pseudo.ts';
import { utsVersion } from './banner.ts';

/** A number below /proc/sys that some part of the kernel looks at. */
interface Setting {
  /** Its value at boot; a function where the command line has a say. */
  readonly byDefault: number | (() => number);
  readonly min?: number;
  readonly max?: number;
}

const FLAG: Setting = { byDefault: 0, min: 0, max: 1 };
const COUNT: Setting = { byDefault: 0, min: 0 };

/** By directory; the names with dots are what `sysctl` calls them. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, Setting>>>> = {
  kernel: {
    hung_task_panic: { ...FLAG, byDefault: PANIC_AT_BOOT['kernel.hung_task_panic'] },
    hung_task_timeout_secs: { byDefault: 120, min: 0 },
    hung_task_warnings: { byDefault: 10, min: -1 },
    panic: { byDefault: PANIC_AT_BOOT['kernel.panic'] },
    panic_on_oops: { ...FLAG, byDefault: PANIC_AT_BOOT['kernel.panic_on_oops'] },
    panic_on_warn: { ...FLAG, byDefault: PANIC_AT_BOOT['kernel.panic_on_warn'] },
    sysrq: { byDefault: 1, min: 0 },
  },
  vm: {
    oom_dump_tasks: { byDefault: 1, min: 0 },
    oom_kill_allocating_task: COUNT,
    panic_on_oom: { byDefault: 0, min: 0, max: 2 },
  },
};

const proc_sys_read = kfunc('proc_sys_read', function* (name: string, setting: Setting) {
  const { byDefault } = setting;
  return `${sysctl(name, typeof byDefault === 'number' ? byDefault : byDefault())}\n`;
});

/** proc_sys_write() - set a number that some part of the kernel looks at; -EINVAL outside of its bounds. */
const proc_sys_write = kfunc('proc_sys_write', function* (name: string, setting: Setting, data: string) {
  const value = kstrtoint(data.trim());
  if (Number.isNaN(value)) return -EINVAL;
  if (value < (setting.min ?? -Infinity) || value > (setting.max ?? Infinity)) return -EINVAL;
  yield* set_sysctl(name, value);
  return data.length;
});

/** The level of the console, of messages without one, the least for the console, and the first one's default. */
const proc_printk_show = kfunc('proc_dointvec_minmax', function* () {
  return `${sysctl('kernel.printk', 7)}\t4\t1\t7\n`;
});

/** Takes the level of the console; the model has no use for the other three. */
const proc_printk_write = kfunc('proc_dointvec_minmax_write', function* (data: string) {
  const [level = NaN, ...others] = data.trim().split(/\s+/).map(kstrtoint);
  if (Number.isNaN(level) || others.length > 3 || others.some(Number.isNaN)) return -EINVAL;
  yield* set_sysctl('kernel.printk', Math.max(0, Math.min(level, 15)));
  return data.length;
});

function settingFile(name: string, setting: Setting): PseudoFile {
  return shownBy(() => proc_sys_read(name, setting), {
    write: (_file, data) => proc_sys_write(name, setting, data),
  });
}

const proc_do_string = kfunc('proc_dostring', function* (text: () => string) {
  return `${text()}\n`;
});

const fixedText = (text: () => string): PseudoFile => shownBy(() => proc_do_string(text));

function settings(directory: string): Entries {
  return Object.fromEntries(
    Object.entries(SETTINGS[directory]).map(([name, setting]) => [
      name,
      settingFile(`${directory}.${name}`, setting),
    ]),
  );
}

/** proc_taint(): the number behind "Tainted:". */
const tainted = shown('proc_taint', function* (): Body<string> {
  return `${kernel().taint}\n`;
});

/** /proc/sys: what the model has of it. */
export const sysctlDirectory = fixedDirectory({
  kernel: fixedDirectory({
    ...settings('kernel'),
    hostname: fixedText(() => kernel().append.get('virtme_hostname') ?? 'virtme-ng'),
    osrelease: fixedText(() => kernel().tree.release),
    ostype: fixedText(() => 'Linux'),
    printk: shownBy(() => proc_printk_show(), { write: (_file, data) => proc_printk_write(data) }),
    pid_max: fixedText(() => '32768'),
    tainted,
    version: fixedText(() => utsVersion()),
  }),
  vm: fixedDirectory({
    ...settings('vm'),
    overcommit_memory: fixedText(() => '0'),
  }),
});
