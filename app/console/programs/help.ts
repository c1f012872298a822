import { print, STDERR, STDOUT } from '../userland/libc.ts';
import { byText } from './lines.ts';
import { withOptions, type Program } from './program.ts';

const SCYTHE = `SCYTHE(7)

NAME
       scythe - a modelled Linux kernel, and this guest in it

DESCRIPTION
       Kernel, processes and memory here are a model that runs in virtual time: the same commands give the same run,
       bit for bit. Functions of the kernel have their own names, so that stacks, traces and /proc/kallsyms read as
       on a real machine; what the model does not have it says so, or refuses.

TRY
       ./simple_kvm &                         a process with a virtual machine
       echo $! | sudo tee /sys/kernel/debug/oom_reap_task
                                              take its memory away as the OOM reaper would
       mkdir /sys/fs/cgroup/g; echo 64M > /sys/fs/cgroup/g/memory.max
       echo $$ > /sys/fs/cgroup/g/cgroup.procs; memhog -m 128
                                              meet the OOM killer of a cgroup
       echo f > /sys/fs/../proc/sysrq-trigger  have it kill somebody
       trace-cmd record -e oom -e sched memhog -m 128 -k; trace-cmd report
       cd /sys/kernel/tracing; echo exit_mmap > set_graph_function; echo function_graph > current_tracer
       cat /proc/lockdep_stats /proc/$$/maps; zcat /proc/config.gz

FILES
       /proc, /sys/kernel/debug, /sys/kernel/tracing, /sys/fs/cgroup
                                              live views of the model
       /tmp, /root, /home, /etc, /usr, /var   can be written to, and are forgotten in the end

SEE ALSO
       help, COMMAND --help
`.replace('/sys/fs/../proc/sysrq-trigger', '/proc/sysrq-trigger');

/** `help` and `man`: what commands there are, and what they do. */
export const helpers = (programs: () => readonly Program[]): readonly Program[] =>
  ['help', 'man'].map((name) =>
    withOptions(
      {
        name,
        summary: name === 'help' ? 'Lists the commands of the guest.' : 'Shows what a command does.',
        operands: '[COMMAND | scythe]',
        permutes: true,
        options: [{ flag: '-k', description: 'accepted' }],
      },
      function* ({ operands }, invocation) {
        const [topic, ...more] = operands;
        const wanted = /^\d$/.test(topic ?? '') ? more[0] : topic;
        if (wanted === undefined && name === 'man') {
          yield* print(STDERR, "What manual page do you want?\nFor example, try 'man scythe'.\n");
          return 1;
        }
        if (wanted === 'scythe') {
          yield* print(STDOUT, SCYTHE);
          return 0;
        }
        if (wanted === undefined) {
          const rows = [...programs()]
            .sort((a, b) => byText(a.name, b.name))
            .map((program) => `  ${program.name.padEnd(18)} ${program.summary}\n`);
          yield* print(
            STDOUT,
            `Commands, each with --help; \`help scythe\` tells of the guest:\n${rows.join('')}`,
          );
          return 0;
        }
        const program = programs().find((one) => one.name === wanted);
        if (program !== undefined)
          return yield* program.main({ ...invocation, name: wanted, args: ['--help'] });
        yield* print(
          STDERR,
          name === 'man' ? `No manual entry for ${wanted}\n` : `help: no command ${wanted}\n`,
        );
        return name === 'man' ? 16 : 1;
      },
    ),
  );
