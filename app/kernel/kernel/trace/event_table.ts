import { eventFormat, type Argument, type Codec, type EventFormat } from './event_format.ts';

// The events that the model has, with the names, fields, texts and ids of 6.12. Of those that a real kernel has besides
// nothing is listed: who enables one here can rely on it.

/** Letters of a task's state at a switch, by bit; 0 is running, the bit above them "preempted". */
const STATES = ['S', 'D', 'T', 't', 'X', 'Z', 'P', 'I'];
const PREEMPTED = 0x100n;

const taskState: Codec = {
  encode(shown) {
    let bits = shown.endsWith('+') ? PREEMPTED : 0n;
    for (const letter of shown.replace('+', '').split('|')) {
      const at = STATES.indexOf(letter);
      if (at >= 0) bits |= 1n << BigInt(at);
    }
    return bits;
  },
  decode(value) {
    const letters = STATES.filter((_, at) => (value & (1n << BigInt(at))) !== 0n);
    return `${letters.length === 0 ? 'R' : letters.join('|')}${(value & PREEMPTED) === 0n ? '' : '+'}`;
  },
};

const STATE_FLAGS = STATES.map(
  (letter, at) => `{ 0x${(1 << at).toString(16).padStart(8, '0')}, "${letter}" }`,
);
const STATE_EXPRESSION = [
  `(REC->prev_state & 0xff) ? __print_flags(REC->prev_state & 0xff, "|", ${STATE_FLAGS.join(', ')}) : "R"`,
  'REC->prev_state & 0x100 ? "+" : ""',
].join(', ');

/** Two conversions in the kernel, which the text here has as one. */
const prevState: Argument = { field: 'prev_state', expression: STATE_EXPRESSION, codec: taskState };

const reaping = (name: string, id: number): EventFormat =>
  eventFormat('oom', name, id, ['int pid'], 'pid=%d');

const COMM = (name: string): string => `char ${name}[16]`;

const wakeup = (name: string, id: number): EventFormat =>
  eventFormat(
    'sched',
    name,
    id,
    [COMM('comm'), 'pid_t pid', 'int prio', 'int target_cpu'],
    'comm=%s pid=%d prio=%d target_cpu=%03d',
  );

/** Names of objects of the model, which stand where a kernel has their addresses. */
const nameOf = (name: string): string => `__data_loc char[] ${name}`;

export const traceEvents: readonly EventFormat[] = [
  eventFormat(
    'kvm',
    'kvm_unmap_hva_range',
    26,
    ['unsigned long start', 'unsigned long end'],
    'mmu notifier unmap range: %#016lx -- %#016lx',
  ),
  eventFormat(
    'mmap',
    'exit_mmap',
    441,
    ['struct mm_struct * mm', 'struct maple_tree * mt'],
    'mt_mod %p, DESTROY',
    ['mt'],
  ),
  eventFormat('mmu_notifier', 'mmu_notifier_oom_callback_fn', 1001, [nameOf('what')], '%s'),
  eventFormat('mmu_notifier', 'mmu_notifier_oom_enter', 1002, [nameOf('what')], '%s'),
  eventFormat(
    'oom',
    'oom_score_adj_update',
    400,
    ['pid_t pid', COMM('comm'), 'short oom_score_adj'],
    'pid=%d comm=%s oom_score_adj=%hd',
  ),
  eventFormat(
    'oom',
    'mark_victim',
    398,
    [
      ...['int pid', '__data_loc char[] comm', 'unsigned long total_vm', 'unsigned long anon_rss'],
      ...['unsigned long file_rss', 'unsigned long shmem_rss', 'uid_t uid', 'unsigned long pgtables'],
      'short oom_score_adj',
    ],
    'pid=%d comm=%s total-vm=%lukB anon-rss=%lukB file-rss:%lukB shmem-rss:%lukB uid=%u pgtables=%lukB oom_score_adj=%hd',
  ),
  reaping('wake_reaper', 397),
  reaping('start_task_reaping', 396),
  reaping('finish_task_reaping', 395),
  reaping('skip_task_reaping', 394),
  eventFormat(
    'sched',
    'sched_migrate_task',
    217,
    [COMM('comm'), 'pid_t pid', 'int prio', 'int orig_cpu', 'int dest_cpu'],
    'comm=%s pid=%d prio=%d orig_cpu=%d dest_cpu=%d',
  ),
  eventFormat(
    'sched',
    'sched_process_exit',
    215,
    [COMM('comm'), 'pid_t pid', 'int prio'],
    'comm=%s pid=%d prio=%d',
  ),
  eventFormat(
    'sched',
    'sched_process_fork',
    212,
    [COMM('parent_comm'), 'pid_t parent_pid', COMM('child_comm'), 'pid_t child_pid'],
    'comm=%s pid=%d child_comm=%s child_pid=%d',
  ),
  eventFormat('sched', 'sched_process_hang', 203, [COMM('comm'), 'pid_t pid'], 'comm=%s pid=%d'),
  eventFormat(
    'sched',
    'sched_switch',
    218,
    [
      ...[COMM('prev_comm'), 'pid_t prev_pid', 'int prev_prio', 'long prev_state'],
      ...[COMM('next_comm'), 'pid_t next_pid', 'int next_prio'],
    ],
    'prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s ==> next_comm=%s next_pid=%d next_prio=%d',
    ['prev_comm', 'prev_pid', 'prev_prio', prevState, 'next_comm', 'next_pid', 'next_prio'],
  ),
  wakeup('sched_wakeup', 220),
  wakeup('sched_wakeup_new', 219),
  wakeup('sched_waking', 221),
  eventFormat(
    'signal',
    'signal_deliver',
    189,
    ['int sig', 'int errno', 'int code', 'unsigned long sa_handler', 'unsigned long sa_flags'],
    'sig=%d errno=%d code=%d sa_handler=%lx sa_flags=%lx',
  ),
  eventFormat(
    'signal',
    'signal_generate',
    190,
    ['int sig', 'int errno', 'int code', COMM('comm'), 'pid_t pid', 'int group', 'int result'],
    'sig=%d errno=%d code=%d comm=%s pid=%d grp=%d res=%d',
  ),
  eventFormat('timer', 'timer_expire_entry', 160, [nameOf('timer'), 'unsigned long now'], 'timer=%s now=%lu'),
  eventFormat('workqueue', 'workqueue_execute_end', 135, [nameOf('work')], 'work struct=%s'),
  eventFormat('workqueue', 'workqueue_execute_start', 136, [nameOf('work')], 'work struct=%s'),
  eventFormat(
    'workqueue',
    'workqueue_queue_work',
    138,
    [nameOf('work'), nameOf('workqueue')],
    'work struct=%s workqueue=%s',
  ),
];

const byName = new Map(traceEvents.map((event) => [`${event.system}:${event.name}`, event]));

export function findEvent(system: string, name: string): EventFormat | undefined {
  return byName.get(`${system}:${name}`);
}

/** Names of systems, in the order of the table. */
export const eventSystems: readonly string[] = [...new Set(traceEvents.map(({ system }) => system))];

/** In `print fmt` the state at a switch has two conversions. */
export function kernelText(event: EventFormat): string {
  return event.name === 'sched_switch' ? event.text.replace('prev_state=%s', 'prev_state=%s%s') : event.text;
}

/** A line for each of the frames that a record has room for. */
const STACK_TEXT = '\\t=> %ps\\n'.repeat(8);
const STACK_ARGS = Array.from({ length: 8 }, (_, i) => ({
  field: 'caller',
  expression: `(void *)REC->caller[${i}]`,
}));

/** Records of ftrace's own: they are no events that could be enabled. */
export const ftraceEvents: readonly EventFormat[] = [
  eventFormat('ftrace', 'function', 1, ['unsigned long ip', 'unsigned long parent_ip'], ' %ps <-- %ps', [
    { field: 'ip', expression: '(void *)REC->ip' },
    { field: 'parent_ip', expression: '(void *)REC->parent_ip' },
  ]),
  eventFormat('ftrace', 'funcgraph_entry', 11, ['unsigned long func', 'int depth'], '--> %ps (%d)', [
    { field: 'func', expression: '(void *)REC->func' },
    'depth',
  ]),
  eventFormat(
    'ftrace',
    'funcgraph_exit',
    10,
    ['unsigned long func', 'int depth', 'unsigned int overrun', 'u64 calltime', 'u64 rettime'],
    '<-- %ps (%d) (start: %llx  end: %llx) over: %d',
    [{ field: 'func', expression: '(void *)REC->func' }, 'depth', 'calltime', 'rettime', 'depth'],
  ),
  eventFormat('ftrace', 'print', 5, ['unsigned long ip', 'char buf[]'], '%ps: %s', [
    { field: 'ip', expression: '(void *)REC->ip' },
    'buf',
  ]),
  eventFormat('ftrace', 'kernel_stack', 4, ['int size', 'unsigned long caller[8]'], STACK_TEXT, STACK_ARGS),
];
