import { EACCES } from '../include/errno.ts';
import { O_ACCMODE, O_RDONLY, type Inode } from '../include/fs.ts';
import { current } from '../include/sched.ts';

/** File systems whose root only root may enter: debugfs and tracefs are mounted with mode 0700. */
const ENTERED_BY_ROOT = new Set(['debugfs', 'tracefs']);
/** File systems whose files belong to root, who alone may write to them. */
const WRITTEN_BY_ROOT = new Set(['proc', 'sysfs', 'cgroup2', 'rootfs']);
/** Folders of the guest's tmpfs that are everybody's; the others are overlays of the host's, and root's. */
const EVERYBODYS = ['/tmp', '/dev/shm', '/home', '/var/tmp'];

/**
 * inode_permission() (plain) - may the running task open a file in this way?
 *
 * Return: 0 or -EACCES.
 * Models: fs/namei.c with the owners and modes that the guest's mounts have, by file system; files have none of
 * their own here, apart from those of one's own processes, which a user may write to.
 */
export function inode_permission(path: string, inode: Inode, flags: number): number {
  const { uid, tgid } = current();
  if (uid === 0) return 0;
  const { type } = inode.i_sb;
  if (ENTERED_BY_ROOT.has(type)) return -EACCES;
  if (path.startsWith('/root')) return -EACCES;
  if ((flags & O_ACCMODE) === O_RDONLY) return 0;
  if (WRITTEN_BY_ROOT.has(type)) {
    return path.startsWith('/proc/self/') || path.startsWith(`/proc/${tgid}/`) ? 0 : -EACCES;
  }
  if (type === 'tmpfs') return mayCreate(path) ? 0 : -EACCES;
  return 0;
}

/** May the running task make something at a path of a tmpfs? */
export function mayCreate(path: string): boolean {
  return current().uid === 0 || EVERYBODYS.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
