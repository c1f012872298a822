import { z } from 'zod';

/** What people set for themselves; kept by the service, read with care. */
const settingsSchema = z.object({
  theme: z.enum(['system', 'dark', 'light', 'hc-dark', 'hc-light']).catch('system'),
  /** All sizes, the editor's and the terminal's included, are multiplied by it. */
  zoom: z.number().min(0.5).max(3).catch(1),
  presenting: z.boolean().catch(false),
  autosave: z.boolean().catch(false),
  seed: z.number().int().min(0).catch(1),
  welcomeAtStart: z.boolean().catch(true),
  screenReader: z.boolean().catch(false),
  /** Steps per second while playing. */
  playSpeed: z.number().min(0.5).max(1000).catch(5),
});
export type Settings = z.infer<typeof settingsSchema>;

export const defaultSettings: Settings = settingsSchema.parse({});

/** Settings from whatever was stored: what makes no sense is as by default. */
export function readSettings(stored: unknown): Settings {
  const settings = settingsSchema.safeParse(stored);
  return settings.success ? settings.data : defaultSettings;
}
