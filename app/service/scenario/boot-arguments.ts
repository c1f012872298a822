/** What the model reads of the kernel's command line. */
export const bootArguments: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'kasan_multi_shot', description: 'KASAN reports every bad access, not the first one only.' },
  { name: 'panic_on_warn', description: 'A warning, and a report of KASAN, is followed by a panic.' },
  {
    name: 'kasan.fault',
    description: '`panic` or `panic_on_write`: what follows a report of KASAN; `report` by default.',
  },
  { name: 'oops', description: '`panic`: an oops is followed by a panic.' },
  { name: 'mem', description: 'Memory that the kernel uses at most, for instance `64M`.' },
  { name: 'hung_task_panic', description: 'The report of a hung task is followed by a panic.' },
  {
    name: 'sysctl.kernel.hung_task_timeout_secs',
    description: 'Seconds after which khungtaskd reports a task that waits; 0 for never.',
  },
  { name: 'sysctl.kernel.hung_task_warnings', description: 'How many tasks khungtaskd reports at most.' },
];
