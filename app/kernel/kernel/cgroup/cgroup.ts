import type { Body, Call } from '../../../sim/call.ts';
import { dcache } from '../../fs/dcache.ts';
import { kstrtoint } from '../../fs/debugfs/file.ts';
import { kernfs_file, type KernfsOps } from '../../fs/kernfs/file.ts';
import { kernelGlobal } from '../../globals.ts';
import { EBUSY, EINVAL, ENOENT, ESRCH } from '../../include/errno.ts';
import type { Inode, InodeOperations } from '../../include/fs.ts';
import { PAGE_SIZE } from '../../include/mm_types.ts';
import { rcu_dereference, READ_ONCE, WRITE_ONCE } from '../../include/rwonce.ts';
import { current } from '../../include/sched.ts';
import { SIGKILL } from '../../include/signal.ts';
import { INIT, kernelInit } from '../../init/initcall.ts';
import { config } from '../../kernel.ts';
import { kfunc } from '../../kfunc.ts';
import {
  cgroup_attach_task,
  cgroup_find,
  cgroup_mkdir as cgroup_create,
  memcgs,
  memory_max_write,
  memory_stat,
  withDescendants,
  type MemCgroup,
  type MemcgEvent,
} from '../../mm/memcontrol.ts';
import { find_task_by_vpid, init_task_tasks } from '../pid.ts';
import { rcu_read_lock, rcu_read_unlock } from '../rcu/tree.ts';
import { group_send_sig_info } from '../signal.ts';

/**
 * The cgroup2 file system: a directory for each group, with the files of the memory controller and of the core that
 * the model has.
 */

const NAME_LIMIT = 'max';

/** What a file shows and does for a group; null is the root. */
interface CgroupFile {
  readonly name: string;
  readonly onRoot: boolean;
  readonly show?: (memcg: MemCgroup | null) => Call<string>;
  readonly write?: (memcg: MemCgroup | null, data: string) => Call<number>;
}

const memory_max_show = kfunc('memory_max_show', function* (memcg: MemCgroup) {
  const max = yield* READ_ONCE(memcg.max);
  return max === Infinity ? `${NAME_LIMIT}\n` : `${max * PAGE_SIZE}\n`;
});

const memory_current_read = kfunc('memory_current_read', function* (memcg: MemCgroup) {
  return `${(yield* memcg.usage.read()) * PAGE_SIZE}\n`;
});

const EVENTS: readonly MemcgEvent[] = ['low', 'high', 'max', 'oom', 'oom_kill', 'oom_group_kill'];

const memory_events_show = kfunc('memory_events_show', function* (memcg: MemCgroup) {
  let text = '';
  for (const event of EVENTS) text += `${event} ${yield* memcg.events[event].read()}\n`;
  return text;
});

const memory_oom_group_show = kfunc('memory_oom_group_show', function* (memcg: MemCgroup) {
  return (yield* READ_ONCE(memcg.oom_group)) ? '1\n' : '0\n';
});

const memory_oom_group_write = kfunc('memory_oom_group_write', function* (memcg: MemCgroup, data: string) {
  const value = kstrtoint(data.trim());
  if (value !== 0 && value !== 1) return -EINVAL;
  yield* WRITE_ONCE(memcg.oom_group, value === 1);
  return data.length;
});

const memory_stat_show = kfunc('memory_stat_show', function* (memcg: MemCgroup) {
  return `${memory_stat(memcg).join('\n')}\n`;
});

/** memory_max_write() behind the parsing of its text. */
const cgroup_file_write = kfunc(
  'cgroup_file_write',
  function* (memcg: MemCgroup | null, data: string, file: CgroupFile) {
    if (file.write === undefined) return -EINVAL;
    return yield* file.write(memcg, data);
  },
);

const setMax = kfunc(
  'memory_max_parse',
  function* (memcg: MemCgroup, data: string) {
    const bytes = parseBytes(data.trim());
    if (bytes === null) return -EINVAL;
    yield* memory_max_write(memcg, Math.floor(bytes / PAGE_SIZE));
    return data.length;
  },
  { inlined: true },
);

/** page_counter_memparse(): bytes with an optional K, M or G, or `max`. */
function parseBytes(text: string): number | null {
  if (text === NAME_LIMIT) return Infinity;
  const match = /^(\d+)([kKmMgG]?)$/.exec(text);
  if (match === null) return null;
  const shift = ['', 'k', 'm', 'g'].indexOf(match[2].toLowerCase());
  let bytes = Number(match[1]);
  for (let i = 0; i < shift; i++) bytes *= 1024;
  return bytes;
}

const cgroup_procs_show = kfunc('cgroup_procs_show', function* (memcg: MemCgroup | null) {
  const tasks = memcg === null ? yield* rootTasks() : yield* rcu_dereference(memcg.tasks);
  return tasks.map((task) => `${task.tgid}\n`).join('');
});

function* rootTasks(): Body<readonly { readonly tgid: number }[]> {
  const inRoot: { readonly tgid: number }[] = [];
  for (const task of yield* rcu_dereference(init_task_tasks())) {
    if ((yield* rcu_dereference(task.memcg)) === null) inRoot.push(task);
  }
  return inRoot;
}

/** cgroup_procs_write() - move a process into the group; 0 is the writer itself. */
const cgroup_procs_write = kfunc('cgroup_procs_write', function* (memcg: MemCgroup | null, data: string) {
  const pid = kstrtoint(data.trim());
  if (Number.isNaN(pid) || pid < 0) return -EINVAL;
  yield* rcu_read_lock();
  const task = pid === 0 ? current() : yield* find_task_by_vpid(pid);
  yield* rcu_read_unlock();
  if (task === null) return -ESRCH;
  // No processes in a group that divides its memory among others.
  if (memcg?.subtreeMemory === true) return -EBUSY;
  yield* cgroup_attach_task(memcg, task.signal.threads[0] ?? task);
  return data.length;
});

/** cgroup_kill_write() - SIGKILL to every process of the group and of those below it. */
const cgroup_kill_write = kfunc('cgroup_kill_write', function* (memcg: MemCgroup, data: string) {
  if (data.trim() !== '1') return -EINVAL;
  for (const group of withDescendants(memcg)) {
    for (const task of yield* rcu_dereference(group.tasks)) yield* group_send_sig_info(SIGKILL, task);
  }
  return data.length;
});

/** memory_peak_read() - the most that was ever charged. */
const memory_peak_show = kfunc('memory_peak_show', function* (memcg: MemCgroup) {
  const usage = yield* memcg.usage.read();
  return `${Math.max(usage, memcg.watermark) * PAGE_SIZE}\n`;
});

const cgroup_events_show = kfunc('cgroup_events_show', function* (memcg: MemCgroup) {
  let populated = false;
  for (const group of withDescendants(memcg)) {
    populated ||= (yield* rcu_dereference(group.tasks)).length > 0;
  }
  return `populated ${populated ? 1 : 0}\nfrozen 0\n`;
});

/** Which controllers the groups right below the root have. Plain: nobody but its files looks at it. */
const subtree_control = kernelGlobal('cgroup_subtree_control', () => ({ memory: true }));

/** Do the groups right below this one have the controller? */
const dividesMemory = (memcg: MemCgroup | null): boolean =>
  memcg === null ? subtree_control().memory : memcg.subtreeMemory;

const hasMemory = ({ parent }: MemCgroup): boolean => dividesMemory(parent);

const cgroup_subtree_control_show = kfunc('cgroup_subtree_control_show', function* (memcg: MemCgroup | null) {
  return dividesMemory(memcg) ? 'memory\n' : '\n';
});

/**
 * cgroup_subtree_control_write() - `+memory`, `-memory`: do the groups below have the controller?
 *
 * Return: the length; -EINVAL for what is none, -ENOENT for a controller that is not there, -EBUSY in a group that has
 * processes of its own, or groups below that go on dividing.
 */
const cgroup_subtree_control_write = kfunc(
  'cgroup_subtree_control_write',
  function* (memcg: MemCgroup | null, data: string) {
    for (const word of data.trim().split(/\s+/)) {
      const match = /^([+-])(\w+)$/.exec(word);
      if (match === null) return -EINVAL;
      if (match[2] !== 'memory') return -ENOENT;
      const on = match[1] === '+';
      if (memcg === null) subtree_control().memory = on;
      else {
        if (on && !hasMemory(memcg)) return -ENOENT;
        if (on && (yield* rcu_dereference(memcg.tasks)).length > 0) return -EBUSY;
        if (!on && memcg.children.some(({ subtreeMemory }) => subtreeMemory)) return -EBUSY;
        memcg.subtreeMemory = on;
      }
    }
    return data.length;
  },
);

const cgroup_controllers_show = kfunc('cgroup_controllers_show', function* (memcg: MemCgroup | null) {
  return memcg === null || hasMemory(memcg) ? 'memory\n' : '\n';
});

const cgroup_type_show = kfunc('cgroup_type_show', function* () {
  return 'domain\n';
});

const cgroup_stat_show = kfunc('cgroup_stat_show', function* (memcg: MemCgroup | null) {
  const below = memcg === null ? yield* rcu_dereference(memcgs()) : [...withDescendants(memcg)].slice(1);
  const groups = below.length;
  return `nr_descendants ${groups}\nnr_dying_descendants 0\n`;
});

type OfGroup<Result> = (memcg: MemCgroup) => Call<Result>;

/** A file that the root does not have. */
function ofGroup(
  name: string,
  show?: OfGroup<string>,
  write?: (memcg: MemCgroup, data: string) => Call<number>,
): CgroupFile {
  return {
    name,
    onRoot: false,
    ...(show && { show: (memcg: MemCgroup | null) => show(memcg as MemCgroup) }),
    ...(write && { write: (memcg: MemCgroup | null, data: string) => write(memcg as MemCgroup, data) }),
  };
}

const FILES: readonly CgroupFile[] = [
  {
    name: 'cgroup.procs',
    onRoot: true,
    show: (memcg) => cgroup_procs_show(memcg),
    write: (memcg, data) => cgroup_procs_write(memcg, data),
  },
  { name: 'cgroup.controllers', onRoot: true, show: (memcg) => cgroup_controllers_show(memcg) },
  {
    name: 'cgroup.subtree_control',
    onRoot: true,
    show: (memcg) => cgroup_subtree_control_show(memcg),
    write: (memcg, data) => cgroup_subtree_control_write(memcg, data),
  },
  { name: 'cgroup.stat', onRoot: true, show: (memcg) => cgroup_stat_show(memcg) },
  ofGroup('cgroup.events', (memcg) => cgroup_events_show(memcg)),
  ofGroup('cgroup.type', () => cgroup_type_show()),
  ofGroup('cgroup.kill', undefined, (memcg, data) => cgroup_kill_write(memcg, data)),
  ofGroup('memory.current', (memcg) => memory_current_read(memcg)),
  ofGroup('memory.events', (memcg) => memory_events_show(memcg)),
  ofGroup(
    'memory.max',
    (memcg) => memory_max_show(memcg),
    (memcg, data) => setMax(memcg, data),
  ),
  ofGroup(
    'memory.oom.group',
    (memcg) => memory_oom_group_show(memcg),
    (memcg, data) => memory_oom_group_write(memcg, data),
  ),
  ofGroup('memory.peak', (memcg) => memory_peak_show(memcg)),
  ofGroup('memory.stat', (memcg) => memory_stat_show(memcg)),
];

function fileInode(dir: Inode, memcg: MemCgroup | null, file: CgroupFile): Inode {
  const { show, write } = file;
  const ops: KernfsOps = {
    ...(show && { show: () => show(memcg) }),
    ...(write && { write: (_file, data: string) => cgroup_file_write(memcg, data, file) }),
  };
  const { name } = file;
  return { name, kind: 'regular', i_sb: dir.i_sb, i_fop: kernfs_file(ops), i_op: {}, i_private: memcg };
}

/** Is the file there? Those of a controller come and go with it. */
const present = ({ name, onRoot }: CgroupFile, memcg: MemCgroup | null): boolean =>
  memcg === null ? onRoot : hasMemory(memcg) || !name.startsWith('memory.');

const pathOf = (parent: MemCgroup | null, name: string): string => `${parent?.path ?? ''}/${name}`;

/** Looks up a file of a group, or a group below it. */
const kernfs_iop_lookup = kfunc('kernfs_iop_lookup', function* (dir: Inode, name: string) {
  const memcg = dir.i_private as MemCgroup | null;
  const file = FILES.find((candidate) => candidate.name === name);
  if (file !== undefined && present(file, memcg)) return fileInode(dir, memcg, file);
  const group = yield* cgroup_find(pathOf(memcg, name));
  return group === null ? null : groupInode(dir, name, group);
});

const cgroup_mkdir = kfunc('kernfs_iop_mkdir', function* (dir: Inode, name: string) {
  const parent = dir.i_private as MemCgroup | null;
  yield* cgroup_create(pathOf(parent, name), parent);
  return 0;
});

/** cgroup_rmdir() - -EBUSY while a process is in the group, or a group below it. */
const cgroup_rmdir = kfunc('cgroup_rmdir', function* (dir: Inode, name: string) {
  const group = yield* cgroup_find(pathOf(dir.i_private as MemCgroup | null, name));
  if (group === null) return -ENOENT;
  if (group.children.length > 0 || (yield* rcu_dereference(group.tasks)).length > 0) return -EBUSY;
  group.parent?.children.splice(group.parent.children.indexOf(group), 1);
  yield* memcgs().update((all) => all.filter((other) => other !== group));
  return 0;
});

const kernfs_fop_readdir = kfunc('kernfs_fop_readdir', function* (dir: Inode) {
  const memcg = dir.i_private as MemCgroup | null;
  const files = FILES.filter((file) => present(file, memcg)).map(({ name }) => name);
  const groups = (yield* rcu_dereference(memcgs())).filter(({ parent }) => parent === memcg);
  return [...files, ...groups.map(({ path }) => path.slice(path.lastIndexOf('/') + 1))];
});

const cgroup_inode_operations: InodeOperations = {
  lookup: (dir, name) => kernfs_iop_lookup(dir, name),
  mkdir: (dir, name) => cgroup_mkdir(dir, name),
  rmdir: (dir, name) => cgroup_rmdir(dir, name),
  iterate: (dir) => kernfs_fop_readdir(dir),
};

function groupInode(dir: Inode, name: string, memcg: MemCgroup): Inode {
  const i_op = cgroup_inode_operations;
  return { name, kind: 'directory', i_sb: dir.i_sb, i_fop: {}, i_op, i_private: memcg };
}

kernelInit('cgroup', INIT.DEVICE, () => {
  if (config().MEMCG) dcache().mount('/sys/fs/cgroup', 'cgroup2', cgroup_inode_operations);
});
