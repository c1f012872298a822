import { z } from 'zod';
import { kconfig } from '../kernel/kconfig.ts';
import type { Catalogue } from './resolve.ts';
import type { Registry } from './schema-parts.ts';
import { matrixSchema } from './matrix-schema.ts';
import { scenarioSchema } from './schema.ts';

/** A name with what an editor shows beside it. */
interface Choice {
  readonly name: string;
  readonly description: string;
}

/**
 * The scenario format as JSON Schema (draft 2020-12), with the names of the catalogue where they may stand:
 * what an editor completes, explains and checks as one types.
 */
export function scenarioJsonSchema(catalogue: Catalogue): Record<string, unknown> {
  return jsonSchemaOf(scenarioSchema, catalogue);
}

/** The same of matrix.yaml. */
export function matrixJsonSchema(catalogue: Catalogue): Record<string, unknown> {
  return jsonSchemaOf(matrixSchema, catalogue);
}

function jsonSchemaOf(schema: z.ZodType, catalogue: Catalogue): Record<string, unknown> {
  const choices = choicesOf(catalogue);
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const meta = z.globalRegistry.get(zodSchema);
      const registry = meta?.registry;
      if (registry !== undefined && registry !== 'probes') {
        jsonSchema.anyOf = choices[registry].map(({ name, description }) => ({ const: name, description }));
      }
      delete jsonSchema['registry'];
      delete jsonSchema['fix'];
    },
  });
}

function choicesOf(catalogue: Catalogue): Readonly<Record<Exclude<Registry, 'probes'>, readonly Choice[]>> {
  return {
    trees: catalogue.trees,
    patches: catalogue.patches.map(({ name, title, description }) => ({
      name,
      description: `${title}\n\n${description}`,
    })),
    config: kconfig.map(({ name, title, help }) => ({ name, description: `${title}\n\n${help}` })),
    programs: catalogue.programs,
    costs: catalogue.costs,
  };
}
