import { SimObject } from '../../sim/object.ts';
import { Effect, type Operation } from '../../sim/operation.ts';
import { kernelGlobal } from '../globals.ts';
import { kernel } from '../kernel.ts';

/** Stands for the settings under /proc/sys, for those who wait for a change. */
class SysctlTable extends SimObject {
  constructor() {
    super(null);
  }

  override get name(): string {
    return '/proc/sys';
  }
}

export const sysctl_table = kernelGlobal('sysctl_table', () => new SysctlTable());

/** A setting as it is now, `kernel.hung_task_timeout_secs`, or the owner's default. */
export function sysctl(name: string, byDefault: number): number {
  return kernel().sysctl.get(name) ?? byDefault;
}

/** Changes a setting, as writing to its file does. */
export function set_sysctl(name: string, value: number): Operation<void> {
  const { sysctl: settings } = kernel();
  return new Effect('write', sysctl_table(), 'write', () => {
    settings.set(name, value);
  });
}
