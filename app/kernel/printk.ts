import { KERN } from './log.ts';
import { kernel } from './kernel.ts';

/** Prints one or more lines at a level. */
export function printk(level: number, text: string): void {
  kernel().log.print(level, text);
}

export const pr_emerg = (text: string): void => printk(KERN.EMERG, text);
export const pr_alert = (text: string): void => printk(KERN.ALERT, text);
export const pr_err = (text: string): void => printk(KERN.ERR, text);
export const pr_warn = (text: string): void => printk(KERN.WARNING, text);
export const pr_notice = (text: string): void => printk(KERN.NOTICE, text);
export const pr_info = (text: string): void => printk(KERN.INFO, text);
