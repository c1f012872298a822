import { z } from 'zod';
import { method } from './method.ts';

/** What an editor and the kernel panel need to know of scenarios and kernels. */

const described = { name: z.string(), description: z.string() };

export const issueSchema = z.strictObject({
  line: z.number().int(),
  column: z.number().int(),
  endLine: z.number().int(),
  endColumn: z.number().int(),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
  fix: z.string().nullable(),
});
export type ScenarioIssue = z.infer<typeof issueSchema>;

export const kconfigValue = z.union([z.boolean(), z.number()]);

/** Settings of a kernel that stand above a scenario's own. What is left out stays as the scenario says. */
export const overridesSchema = z.strictObject({
  tree: z.string().max(64).optional(),
  patches: z.array(z.string().max(200)).max(32).optional(),
  config: z.record(z.string().max(64), kconfigValue).optional(),
  append: z.array(z.string().max(200)).max(64).optional(),
  cpus: z.number().int().min(1).max(64).optional(),
  memory: z.string().max(16).optional(),
  faults: z.array(z.unknown()).max(64).optional(),
});
export type Overrides = z.infer<typeof overridesSchema>;

export const catalogueSchema = z.strictObject({
  defaultTree: z.string(),
  trees: z.array(z.strictObject({ ...described, release: z.string() })),
  patches: z.array(
    z.strictObject({
      ...described,
      title: z.string(),
      /** Trees that it applies to. */
      trees: z.array(z.string()),
      /** Symbols that it replaces, with the model's source file of each. */
      symbols: z.array(z.string()),
      source: z.string().nullable(),
    }),
  ),
  options: z.array(
    z.strictObject({
      ...described,
      title: z.string(),
      /** The values to choose from, for an option that is a number. */
      choices: z.array(z.number()).nullable(),
      default: kconfigValue,
      dependsOn: z.array(z.string()),
      selects: z.array(z.string()),
      /** The option that it follows, having no prompt of its own. */
      follows: z.string().nullable(),
    }),
  ),
  bootArguments: z.array(z.strictObject(described)),
  programs: z.array(
    z.strictObject({
      ...described,
      usage: z.string(),
      options: z.array(z.strictObject(described)),
      source: z.string().nullable(),
    }),
  ),
  traceEvents: z.array(z.strictObject(described)),
  costs: z.array(z.strictObject(described)),
  probes: z.array(z.strictObject(described)),
});
export type CatalogueData = z.infer<typeof catalogueSchema>;

/** A kernel with everything filled in. */
export const kernelSchema = z.strictObject({
  tree: z.string(),
  patches: z.array(z.string()),
  config: z.record(z.string(), kconfigValue),
  append: z.array(z.string()),
  cpus: z.number().int(),
  memory: z.string(),
  faults: z.array(z.unknown()),
});
export type KernelSettings = z.infer<typeof kernelSchema>;

const text = z.string().max(1_000_000);

export const scenarioMethods = {
  'scenario/catalogue': method(z.strictObject({}), catalogueSchema),
  /** The JSON schema of the format, for completion and hover. */
  'scenario/schema': method(z.strictObject({}), z.strictObject({ schema: z.unknown() })),
  'scenario/check': method(
    z.strictObject({ text, path: z.string().max(512) }),
    z.strictObject({
      issues: z.array(issueSchema),
      name: z.string().nullable(),
      /** The scenario's own kernel; null while the text has errors. */
      kernel: kernelSchema.nullable(),
      actors: z.array(z.string()),
      /** Top-level keys and what stands below them, for the outline. */
      outline: z.array(
        z.strictObject({ name: z.string(), detail: z.string(), line: z.number(), depth: z.number() }),
      ),
    }),
  ),
  'scenario/format': method(z.strictObject({ text }), z.strictObject({ text })),
  /** What becomes of a scenario's kernel with overrides: dependencies worked out, and what `olddefconfig` would say. */
  'kernel/resolve': method(
    z.strictObject({ text, overrides: overridesSchema }),
    z.strictObject({ kernel: kernelSchema, notes: z.array(z.string()), issues: z.array(z.string()) }),
  ),
  /** The scenario's text with the overrides written into it; comments stay. */
  'kernel/write-back': method(z.strictObject({ text, overrides: overridesSchema }), z.strictObject({ text })),
  /** Files of the modelled kernel, read only. */
  'source/list': method(z.strictObject({}), z.strictObject({ files: z.array(z.string()) })),
  'source/read': method(z.strictObject({ file: z.string().max(200) }), z.strictObject({ text: z.string() })),
  /** Where a kernel function, a patch or a program is written in the model. */
  'source/find': method(
    z.strictObject({ name: z.string().max(200), tree: z.string().max(64).optional() }),
    z.strictObject({ file: z.string(), line: z.number().int() }).nullable(),
  ),
} as const;
