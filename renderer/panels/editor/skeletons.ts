/** What a new scenario can begin with. */
export const skeletons = [
  {
    id: 'console',
    title: 'Console Script',
    name: 'scenario.yaml',
    text: `scythe: 1
title: What happens, in one line
kernel:
  tree: v6.12
  config:
    PREEMPT_RT: y
guest:
  console: |
    simple_kvm &
    vm=$!
    sleep 0.1
    echo $vm > /sys/kernel/debug/oom_reap_task
expect:
  clean: true
`,
  },
  {
    id: 'search',
    title: 'Search of Interleavings',
    name: 'search.yaml',
    text: `scythe: 1
title: Which interleavings are left?
kernel:
  tree: v6.12
  config:
    PREEMPT_RT: n
guest:
  tasks:
    - name: vm
      program: kvm_lab
      args: [dontneed]
      bare: true
    - name: reaper
      program: poke
      args: [/sys/kernel/debug/oom_reap_task, $vm]
      bare: true
search:
  actors: [vm, reaper]
expect:
  clean: true
`,
  },
] as const;
