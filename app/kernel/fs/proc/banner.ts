import { config, kernel } from '../../kernel.ts';
import { VERSION_WORD } from '../../lib/dump_stack.ts';

/** When the modelled machine was booted (UTC, seconds since 1970): the guest's clock goes on from there. */
export const BOOT_SECONDS = 1_795_261_440;

/** When the kernel was built, as the banner has it. */
const BUILT = 'Sat Nov 21 11:41:58 UTC 2026';

/** uname -v: `#1 SMP PREEMPT_RT Sat Nov 21 11:41:58 UTC 2026`. */
export function utsVersion(): string {
  const { PREEMPT_RT } = config();
  return `${VERSION_WORD} SMP ${PREEMPT_RT ? 'PREEMPT_RT' : 'PREEMPT_DYNAMIC'} ${BUILT}`;
}

/** linux_proc_banner: the line of /proc/version. */
export function linuxBanner(): string {
  const builder = '(root@virtme-ng) (gcc (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40)';
  return `Linux version ${kernel().tree.release} ${builder} ${utsVersion()}`;
}

/** The boot arguments as one line. */
export function commandLine(): string {
  return [...kernel().append].map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join(' ');
}

/** The lines of the .config that the model knows, in the form that `make` writes. */
export function configText(): string {
  const { release } = kernel().tree;
  const head = [
    '#',
    '# Automatically generated file; DO NOT EDIT.',
    `# Linux/x86 ${release} Kernel Configuration`,
    '#',
  ];
  const lines = Object.entries(config())
    .filter(([name]) => name !== 'SCYTHE_INVARIANTS')
    .flatMap(([name, value]: [string, boolean | number]) =>
      typeof value === 'number'
        ? [...CHOICES.map((hz) => optionLine(`${name}_${hz}`, hz === value)), `CONFIG_${name}=${value}`]
        : [optionLine(name, value)],
    );
  return `${[...head, ...lines].join('\n')}\n`;
}

const CHOICES = [100, 250, 300, 1000];

const optionLine = (name: string, on: boolean): string =>
  on ? `CONFIG_${name}=y` : `# CONFIG_${name} is not set`;
