/** Where a panel goes: beside or in the group of one that was placed before. */
export interface Placement {
  readonly panel: string;
  readonly beside?: string;
  readonly direction?: 'left' | 'right' | 'above' | 'below' | 'within';
  /** Width or height in CSS pixels, for panels that are not the main thing. */
  readonly size?: number;
}

export interface Preset {
  readonly name: string;
  readonly summary: string;
  readonly placements: readonly Placement[];
  /** The panels that show, of those that share a group. */
  readonly active: readonly string[];
}

/** Sensible layouts to come back to. Panels that do not exist are left out. */
export const presets = {
  edit: {
    name: 'Edit',
    summary: 'Write a scenario and try it.',
    placements: [
      { panel: 'editor' },
      { panel: 'welcome', beside: 'editor', direction: 'within' },
      { panel: 'source', beside: 'editor', direction: 'within' },
      { panel: 'explorer', beside: 'editor', direction: 'left', size: 250 },
      { panel: 'kernel', beside: 'editor', direction: 'right', size: 360 },
      { panel: 'console', beside: 'editor', direction: 'below', size: 270 },
      { panel: 'dmesg', beside: 'console', direction: 'within' },
      { panel: 'outcomes', beside: 'console', direction: 'within' },
    ],
    active: ['editor', 'console'],
  },
  run: {
    name: 'Run',
    summary: 'Run it, look at what happened.',
    placements: [
      { panel: 'timeline' },
      { panel: 'editor', beside: 'timeline', direction: 'within' },
      { panel: 'explorer', beside: 'timeline', direction: 'left', size: 230 },
      { panel: 'kernel', beside: 'explorer', direction: 'within' },
      { panel: 'interleaving', beside: 'timeline', direction: 'right', size: 430 },
      { panel: 'tasks', beside: 'interleaving', direction: 'within' },
      { panel: 'dmesg', beside: 'timeline', direction: 'below', size: 290 },
      { panel: 'console', beside: 'dmesg', direction: 'within' },
      { panel: 'outcomes', beside: 'dmesg', direction: 'within' },
      { panel: 'matrix', beside: 'dmesg', direction: 'within' },
      { panel: 'compare', beside: 'dmesg', direction: 'within' },
    ],
    active: ['timeline', 'explorer', 'interleaving', 'dmesg'],
  },
  debug: {
    name: 'Debug',
    summary: 'Step through it, with all that the kernel holds beside.',
    placements: [
      { panel: 'source' },
      { panel: 'editor', beside: 'source', direction: 'within' },
      { panel: 'tasks', beside: 'source', direction: 'left', size: 330 },
      { panel: 'breakpoints', beside: 'tasks', direction: 'below', size: 170 },
      { panel: 'address-space', beside: 'source', direction: 'right', size: 430 },
      { panel: 'notifiers', beside: 'address-space', direction: 'within' },
      { panel: 'locks', beside: 'address-space', direction: 'within' },
      { panel: 'interleaving', beside: 'address-space', direction: 'within' },
      { panel: 'timeline', beside: 'source', direction: 'below', size: 310 },
      { panel: 'dmesg', beside: 'timeline', direction: 'within' },
      { panel: 'console', beside: 'timeline', direction: 'within' },
      { panel: 'events', beside: 'timeline', direction: 'within' },
    ],
    active: ['source', 'tasks', 'address-space', 'timeline'],
  },
  present: {
    name: 'Present',
    summary: 'Large type, few panels, the current step in words.',
    placements: [
      { panel: 'timeline' },
      { panel: 'interleaving', beside: 'timeline', direction: 'right', size: 520 },
      { panel: 'dmesg', beside: 'timeline', direction: 'below', size: 320 },
      { panel: 'console', beside: 'dmesg', direction: 'within' },
    ],
    active: ['timeline', 'interleaving', 'dmesg'],
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
