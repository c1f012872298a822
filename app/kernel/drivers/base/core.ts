import { dcache } from '../../fs/dcache.ts';
import type { FileOperations } from '../../include/fs.ts';

/**
 * Makes a character device. To be called during boot, from a `kernelInit` function:
 *
 *     registerDevice('/dev/kvm', kvm_chardev_ops);
 */
export function registerDevice(path: string, fops: FileOperations): void {
  dcache().file(path, 'character', fops);
}
