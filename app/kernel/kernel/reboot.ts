import { machineInForce } from '../../sim/machine-in-force.ts';
import { kfunc } from '../kfunc.ts';
import { pr_emerg } from '../printk.ts';

/** kernel_power_off() - the end of the machine: nothing is scheduled any more. */
export const kernel_power_off = kfunc('kernel_power_off', function* () {
  pr_emerg('reboot: Power down');
  machineInForce().stop();
  return 0;
});

/** kernel_restart() - the same, as virtual machines of virtme-ng are not started again (-no-reboot). */
export const kernel_restart = kfunc('kernel_restart', function* () {
  pr_emerg('reboot: Restarting system');
  machineInForce().stop();
  return 0;
});
