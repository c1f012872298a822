import { kernel } from '../kernel.ts';
import { kfunc } from '../kfunc.ts';
import { fixedDirectory, mountPseudo, shownBy, type PseudoFile } from './pseudo.ts';

// The little of sysfs that programs ask for: how many CPUs there are, and whether pages are huge.

const online = (): string => (kernel().cpus === 1 ? '0' : `0-${kernel().cpus - 1}`);

const sysfs_show = kfunc('sysfs_kf_seq_show', function* (text: () => string) {
  return `${text()}\n`;
});

const shows = (text: () => string): PseudoFile => shownBy(() => sysfs_show(text));

mountPseudo(
  '/sys',
  fixedDirectory({
    devices: fixedDirectory({
      system: fixedDirectory({
        cpu: fixedDirectory({
          kernel_max: shows(() => '63'),
          online: shows(online),
          possible: shows(online),
          present: shows(online),
        }),
      }),
    }),
    kernel: fixedDirectory({
      mm: fixedDirectory({
        transparent_hugepage: fixedDirectory({
          enabled: shows(() => 'always madvise [never]'),
          defrag: shows(() => 'always defer defer+madvise madvise [never]'),
        }),
      }),
    }),
  }),
);
