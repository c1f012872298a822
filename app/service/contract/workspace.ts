import { z } from 'zod';
import { method, topic } from './method.ts';

/** Files: the bundled scenarios, read only, and the user's own folder. */

/** `bundled/kvm-oom/reap.yaml` or `user/my.yaml`: always with `/`, never with `..`. */
export const pathSchema = z
  .string()
  .max(512)
  .regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[^/\\\0]+(?:\/[^/\\\0]+)*$/);

export const fileKinds = ['scenario', 'matrix', 'replay', 'trace', 'markdown', 'other'] as const;

export const fileEntry = z.strictObject({
  path: pathSchema,
  kind: z.enum(fileKinds),
  readOnly: z.boolean(),
  /** One line about it: a scenario's title. */
  title: z.string(),
});
export type FileEntry = z.infer<typeof fileEntry>;

const text = z.string().max(8_000_000);

export const workspaceMethods = {
  'workspace/list': method(z.strictObject({}), z.strictObject({ files: z.array(fileEntry) })),
  /** `etag` changes with the content; a file that is being edited has its unsaved draft beside it. */
  'file/read': method(
    z.strictObject({ path: pathSchema }),
    z.strictObject({ text, etag: z.string(), readOnly: z.boolean(), draft: text.nullable() }),
  ),
  /** `conflict` if the file on disk is no longer the one with this etag; null creates a new file. */
  'file/write': method(
    z.strictObject({ path: pathSchema, text, etag: z.string().nullable() }),
    z.strictObject({ etag: z.string() }),
  ),
  /** Keeps what has been typed, beside the file; null forgets it. */
  'file/draft': method(z.strictObject({ path: pathSchema, text: text.nullable() }), z.strictObject({})),
  'file/rename': method(z.strictObject({ from: pathSchema, to: pathSchema }), z.strictObject({})),
  'file/delete': method(z.strictObject({ path: pathSchema }), z.strictObject({})),
  /** Small JSON documents of the workbench itself: layout, settings, recent files. Null if there is none. */
  'state/read': method(z.strictObject({ key: z.string().max(64) }), z.strictObject({ value: z.unknown() })),
  'state/write': method(z.strictObject({ key: z.string().max(64), value: z.unknown() }), z.strictObject({})),
} as const;

export const workspaceTopics = {
  /** Files that were made, changed or deleted by others. */
  'workspace/changes': topic(z.strictObject({}), z.strictObject({ paths: z.array(pathSchema) })),
} as const;
