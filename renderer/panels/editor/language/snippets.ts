/** Pieces of scenarios with places to fill in. */
export const snippets = [
  {
    label: 'kernel …',
    documentation: 'A kernel: tree, patches, options.',
    insertText: 'kernel:\n  tree: ${1:v6.12}\n  patches: [${2}]\n  config:\n    PREEMPT_RT: ${3|y,n|}\n',
  },
  {
    label: 'guest with a console script …',
    documentation: 'What one would type under virtme-ng.',
    insertText:
      'guest:\n  console: |\n    ./simple_kvm &\n    sleep 1\n    echo \\$! | sudo tee /sys/kernel/debug/oom_reap_task\n    ${1}\n',
  },
  {
    label: 'guest with tasks …',
    documentation: 'Programs without a shell: fewer steps for a search.',
    insertText:
      'guest:\n  tasks:\n    - { name: ${1:vm}, program: ${2:kvm_lab}, args: [${3:dontneed}], bare: true }\n    - { name: reaper, program: poke, args: [/sys/kernel/debug/oom_reap_task, \\$${1:vm}], bare: true }\nsearch:\n  actors: [${1:vm}, reaper]\n',
  },
  {
    label: 'expect …',
    documentation: 'What a run is judged by.',
    insertText: "expect:\n  titles:\n    must:\n      - '${1:BUG: *}'\n",
  },
] as const;
