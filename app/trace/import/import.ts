import type { TraceData } from '../store/trace-data.ts';
import { importChromeJson, looksLikeChromeJson } from './chrome-json.ts';
import { importFtrace, looksLikeFtrace } from './ftrace-text.ts';
import { ImportError } from './import-error.ts';

/** Opens a trace of whatever format it is in, told by its content and never by its name. */
export function importTrace(text: string, title: string): TraceData {
  if (looksLikeChromeJson(text)) return importChromeJson(text, title);
  if (looksLikeFtrace(text)) return importFtrace(text, title);
  throw new ImportError(
    `${title} is no trace that can be opened`,
    'open ftrace text, what `trace-cmd report` prints, or Chrome JSON; convert trace.dat with `trace-cmd report` first',
  );
}
