/**
 * The options of virtme-ng 1.41, and the few of our own: the one table that the parser, `--help`, the completion
 * and the tests are made from. Names, arguments and meaning are virtme-ng's; the words are ours.
 */
export const EMULATED_VERSION = '1.41';

/** What an option takes: see the module `argparse` of Python, whose terms these stand for. */
export type OptionKind =
  /** Nothing. */
  | 'flag'
  /** Nothing, and counts how often it is given. */
  | 'count'
  /** One value; the last one counts. */
  | 'value'
  /** One value each time; all of them count. */
  | 'append'
  /** A value or none. */
  | 'optional'
  | 'help'
  | 'version';

export type Section =
  | 'Action'
  | 'Build and configuration'
  | 'Machine'
  | 'File system and user'
  | 'Execution and output'
  | 'Debugging and remote console'
  | "Scythe's own";

export interface OptionRow {
  /** As `--help` lists them; the name in results is that of the first long one. */
  readonly flags: readonly [string, ...string[]];
  readonly kind: OptionKind;
  readonly section: Section | 'options';
  readonly metavar?: string;
  /** Of a value: a whole number; anything else is a mistake. */
  readonly type?: 'int';
  /** Of an optional value: what stands for none. */
  readonly bare?: string;
  /** Options of one group exclude each other. */
  readonly group?: 'action';
  readonly help: string;
  /** What a modelled machine cannot have or need not do; said on standard error when the option is given. */
  readonly lacks?: string;
  /** With `lacks`: the option asks for nothing else, so that nothing is left to do. */
  readonly stops?: boolean;
  /** Spellings that are understood and not listed. */
  readonly also?: readonly string[];
  /** Not virtme-ng's: it has to be written out, so that all abbreviations stay as they are there. */
  readonly own?: boolean;
}

const noDevice = (what: string): string => `the modelled machine has no ${what}`;

export const SECTIONS: readonly Section[] = [
  ...(['Action', 'Build and configuration', 'Machine', 'File system and user'] as const),
  ...(['Execution and output', 'Debugging and remote console', "Scythe's own"] as const),
];

const rows = (section: OptionRow['section'], list: readonly Omit<OptionRow, 'section'>[]): OptionRow[] =>
  list.map((row) => ({ section, ...row }));

export const optionTable: readonly OptionRow[] = [
  ...rows('options', [
    { flags: ['-h', '--help'], kind: 'help', help: 'show this help message and exit' },
    { flags: ['--version', '-V'], kind: 'version', help: "show program's version number and exit" },
  ]),
  ...rows('Action', [
    {
      ...{ flags: ['--run', '-r'], kind: 'optional', group: 'action', bare: '' },
      help: 'Boot a kernel: an era such as v6.12, or a folder with a .config of --build; without a value, the newest era.',
    },
    {
      ...{ flags: ['--build', '-b'], kind: 'flag', group: 'action' },
      help: 'Configure the kernel in the current folder, if that is not done yet, and build it.',
    },
    {
      ...{ flags: ['--clean', '-x'], kind: 'flag', group: 'action' },
      help: 'Remove what was built.',
      lacks: 'a modelled kernel leaves nothing behind but its .config: there is nothing to clean',
      stops: true,
    },
    {
      ...{ flags: ['--dump', '-d'], kind: 'value', group: 'action', metavar: 'FILE' },
      help: 'Dump the memory of the guest that runs.',
      lacks: 'a modelled machine has no memory image to dump; `scythe replay` goes to any moment of a run',
      stops: true,
    },
    {
      ...{ flags: ['--mcp'], kind: 'flag', group: 'action' },
      help: 'Serve the Model Context Protocol.',
      lacks: 'Scythe has no MCP server',
      stops: true,
    },
  ]),
  ...rows('Build and configuration', [
    { flags: ['--kconfig', '-k'], kind: 'flag', help: 'Only write the .config of the kernel.' },
    {
      ...{ flags: ['--config', '--custom', '-f'], kind: 'append', metavar: 'FILE' },
      help: 'Add a fragment of configuration, `-` for standard input; repeatable.',
    },
    {
      ...{ flags: ['--configitem'], kind: 'append', metavar: 'ITEM=VAL' },
      help: 'Set one option of the kernel, after all fragments; repeatable.',
    },
    {
      ...{ flags: ['--commit', '-c'], kind: 'value', metavar: 'REF' },
      help: 'Build this era of the kernel, such as v6.12; only with --build.',
    },
    { flags: ['--force'], kind: 'flag', help: 'Overwrite a .config that is there.' },
    {
      ...{ flags: ['--skip-modules', '-S'], kind: 'flag' },
      help: 'Build no modules. A modelled kernel has none.',
    },
    {
      ...{ flags: ['--jobs', '-j'], kind: 'value', type: 'int' },
      help: 'Jobs to build with. A modelled kernel is built at once.',
    },
    {
      ...{ flags: ['--arch'], kind: 'value' },
      help: 'Architecture: amd64, arm64, armhf, ppc64el, s390x or riscv64. The model is x86-64.',
    },
    {
      ...{ flags: ['--cross-compile'], kind: 'value' },
      help: 'Prefix of the tool chain.',
      lacks: 'a modelled kernel needs no compiler',
    },
    {
      ...{ flags: ['--build-host'], kind: 'value' },
      help: 'Build on another host.',
      lacks: 'a modelled kernel is built here, at once',
    },
    {
      ...{ flags: ['--build-host-exec-prefix'], kind: 'value' },
      help: 'Prefix of the make command there.',
      lacks: 'a modelled kernel is built here, at once',
    },
    {
      ...{ flags: ['--build-host-vmlinux'], kind: 'flag' },
      help: 'Fetch vmlinux from there too.',
      lacks: 'a modelled kernel has no vmlinux',
    },
  ]),
  ...rows('Machine', [
    { flags: ['--cpus', '-p'], kind: 'value', type: 'int', help: 'CPUs of the guest (default: 2).' },
    {
      flags: ['--memory', '-m'],
      kind: 'value',
      help: 'Memory of the guest (default: 1G); a plain number is MB.',
    },
    {
      ...{ flags: ['--numa'], kind: 'append', metavar: 'MEM[,cpus=FIRST[-LAST]]...' },
      help: 'One NUMA node; repeatable.',
      lacks: 'the modelled machine has one NUMA node',
    },
    {
      ...{ flags: ['--numa-distance'], kind: 'append', metavar: 'SRC,DST=VAL' },
      help: 'Distance of two NUMA nodes; repeatable.',
    },
    {
      flags: ['--balloon'],
      kind: 'flag',
      help: 'Let the host take memory back.',
      lacks: noDevice('balloon'),
    },
    {
      ...{ flags: ['--pin', '-P'], kind: 'optional', bare: '' },
      help: 'Pin each CPU of the guest to one of the host.',
      lacks: 'modelled CPUs do not run on CPUs of the host one by one',
    },
    { flags: ['--qemu'], kind: 'value', help: 'The QEMU to use.', lacks: 'there is no QEMU below' },
    {
      ...{ flags: ['--qemu-opts', '-o'], kind: 'append' },
      help: 'More options of QEMU; repeatable.',
      lacks: 'there is no QEMU below',
    },
    {
      ...{ flags: ['--disable-kvm'], kind: 'flag' },
      help: 'No hardware virtualisation: the costs of software emulation hold.',
    },
    { flags: ['--disable-microvm'], kind: 'flag', help: 'Use a full PC; all the same to the model.' },
    { flags: ['--disable-monitor'], kind: 'flag', help: 'No monitor and no Ctrl-A keys on the terminal.' },
    { flags: ['--name'], kind: 'value', help: 'Name of the machine and its host; virtme-ng by default.' },
    {
      ...{ flags: ['--append', '-a'], kind: 'append' },
      help: "Words for the kernel's command line; repeatable.",
    },
    {
      ...{ flags: ['--force-initramfs'], kind: 'flag' },
      help: 'Use an initramfs even if none is needed.',
      lacks: 'the modelled machine boots without an initramfs',
    },
    {
      ...{ flags: ['--nvgpu'], kind: 'value' },
      help: 'Pass a GPU through.',
      lacks: noDevice('PCI devices of the host'),
    },
    {
      ...{ flags: ['--vfio-pci'], kind: 'append' },
      help: 'Pass a PCI device through; repeatable.',
      lacks: noDevice('PCI devices of the host'),
    },
    { flags: ['--graphics', '-g'], kind: 'flag', help: 'Graphical session.', lacks: noDevice('display') },
    { flags: ['--fb'], kind: 'flag', help: 'Bare framebuffer.', lacks: noDevice('display') },
    { flags: ['--sound'], kind: 'flag', help: 'Audio device.', lacks: noDevice('audio device') },
    {
      ...{ flags: ['--disk', '-D'], kind: 'append', metavar: 'PATH' },
      help: 'Attach a file as a disk; repeatable.',
      lacks: noDevice('disks'),
    },
    {
      ...{ flags: ['--network', '-n'], kind: 'append', also: ['--net'] },
      help: 'Network: user, bridge[=br] or loop; repeatable.',
      lacks: noDevice('network'),
    },
    { flags: ['--no-dhcp'], kind: 'flag', help: 'No DHCP.', lacks: noDevice('network') },
    { flags: ['--net-mac-address'], kind: 'value', help: 'MAC address.', lacks: noDevice('network') },
  ]),
  ...rows('File system and user', [
    {
      ...{ flags: ['--rw'], kind: 'flag' },
      help: "Let the guest write to the host's files.",
      lacks: "the guest has files of its own, in memory; it never reaches the host's",
    },
    ...(['--rodir', '--rwdir', '--overlay-rwdir'] as const).map((flag): Omit<OptionRow, 'section'> => ({
      ...{ flags: [flag], kind: 'append' },
      help:
        { '--rodir': 'Show', '--rwdir': 'Share', '--overlay-rwdir': 'Overlay' }[flag] +
        ' a folder; repeatable.',
      lacks: "the guest has files of its own, in memory; it never reaches the host's",
    })),
    {
      ...{ flags: ['--root'], kind: 'value', metavar: 'DIR' },
      help: 'Another root file system.',
      lacks: 'the guest has a root file system of its own',
    },
    {
      ...{ flags: ['--root-release'], kind: 'value' },
      help: 'Which Ubuntu release to make it from.',
      lacks: 'the guest has a root file system of its own',
    },
    { flags: ['--force-9p'], kind: 'flag', help: '9p in place of virtiofs; all the same to the model.' },
    { flags: ['--no-root-posix-acl'], kind: 'flag', help: 'For external roots; all the same to the model.' },
    { flags: ['--cwd'], kind: 'value', metavar: 'DIR', help: 'Folder in the guest to start in.' },
    { flags: ['--user'], kind: 'value', help: 'User in the guest.' },
    {
      ...{ flags: ['--shell'], kind: 'value', metavar: 'BINARY' },
      help: 'Shell to start in place of the login shell.',
    },
    { flags: ['--empty-passwords'], kind: 'flag', help: 'Users without passwords, as in the model anyway.' },
    {
      ...{ flags: ['--busybox'], kind: 'value', metavar: 'PATH' },
      help: 'busybox for the initramfs.',
      lacks: 'the modelled machine boots without an initramfs',
    },
    { flags: ['--snaps'], kind: 'flag', help: 'Make snaps runnable.', lacks: 'the guest has no snaps' },
    {
      ...{ flags: ['--systemd'], kind: 'flag' },
      help: 'systemd as init.',
      lacks: 'the guest has no systemd; its init is that of virtme-ng',
    },
    { flags: ['--no-virtme-ng-init'], kind: 'flag', help: 'The old init; all the same to the model.' },
  ]),
  ...rows('Execution and output', [
    {
      flags: ['--exec', '-e'],
      kind: 'value',
      metavar: 'COMMAND',
      help: 'Run a command in the guest and exit.',
    },
    {
      flags: ['--verbose', '-v'],
      kind: 'count',
      help: "Show commands and the kernel's log; -vv debug messages too.",
    },
    { flags: ['--quiet', '-q'], kind: 'flag', help: 'Take back --verbose.' },
    { flags: ['--dry-run'], kind: 'flag', help: 'Only show what would be run.' },
  ]),
  ...rows('Debugging and remote console', [
    {
      ...{ flags: ['--debug'], kind: 'flag' },
      help: 'Make the guest debuggable.',
      lacks: 'a modelled machine has no gdb stub; the workbench inspects it, and `scythe replay` goes back',
    },
    {
      ...{ flags: ['--gdb'], kind: 'flag' },
      help: 'Attach gdb to a guest.',
      lacks: 'a modelled machine has no gdb stub; the workbench inspects it',
      stops: true,
    },
    ...(['console', 'ssh'] as const).flatMap((name): Omit<OptionRow, 'section'>[] => [
      {
        ...{ flags: [`--${name}`], kind: 'optional', type: 'int', metavar: 'PORT', bare: '2222' },
        help: `Offer a second terminal over ${name === 'ssh' ? 'ssh' : 'vsock'}.`,
        lacks: noDevice('vsock: it has one terminal'),
      },
      {
        ...{ flags: [`--${name}-client`], kind: 'optional', type: 'int', metavar: 'PORT', bare: '2222' },
        help: 'Connect to it.',
        lacks: noDevice('vsock: it has one terminal'),
        stops: true,
      },
    ]),
    {
      ...{ flags: ['--ssh-tcp'], kind: 'optional', type: 'int', metavar: 'PORT', bare: '2222' },
      help: 'ssh over TCP.',
      lacks: noDevice('network'),
    },
    {
      ...{ flags: ['--remote-cmd'], kind: 'value', metavar: 'COMMAND' },
      help: 'Command for the two above.',
      lacks: noDevice('vsock: it has one terminal'),
    },
  ]),
  ...rows("Scythe's own", [
    {
      ...{ flags: ['--patch'], kind: 'append', own: true },
      help: 'Lay a patch over the kernel (scythe list patches); repeatable.',
    },
    {
      ...{ flags: ['--seed'], kind: 'value', type: 'int', own: true },
      help: 'Seed of all noise: the same seed and the same input give the same run (default: 1).',
    },
    {
      ...{ flags: ['--scenario'], kind: 'value', metavar: 'FILE', own: true },
      help: 'Boot the kernel of a scenario, with its faults and its costs.',
    },
    {
      ...{ flags: ['--realtime'], kind: 'value', metavar: 'FACTOR', own: true },
      help: 'Guest seconds per second; 0 as fast as possible (default: 1, for a command 0).',
    },
    {
      ...{ flags: ['--record'], kind: 'value', metavar: 'FILE', own: true },
      help: 'Write what was typed as a scenario when the session ends.',
    },
    {
      ...{ flags: ['--asciicast'], kind: 'value', metavar: 'FILE', own: true },
      help: 'Record the terminal as asciicast v2.',
    },
    {
      ...{ flags: ['--completion'], kind: 'value', metavar: 'SHELL', own: true },
      help: 'Print a completion script: bash.',
    },
  ]),
];

/** The name of an option in results: `dry_run`. */
export function destOf({ flags }: OptionRow): string {
  const long = flags.find((flag) => flag.startsWith('--')) ?? flags[0];
  return long.replace(/^-+/, '').replaceAll('-', '_');
}

/** What an option's value is called: `RUN`. */
export function metavarOf(row: OptionRow): string {
  return row.metavar ?? destOf(row).toUpperCase();
}
