import { serialize } from 'just-bash';
import type { FunctionDefNode, ScriptNode, StatementNode } from './ast.ts';

/** Notes with each function of a script how it was written, for `type` and `declare -f`. Runs in the host. */
export function noteFunctionSources(script: ScriptNode): void {
  visit(script);
}

function visit(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { type } = value as { readonly type?: unknown };
  if (type === 'FunctionDef') note(value as FunctionDefNode, null);
  for (const child of Object.values(value)) visit(child);
  // After the nodes in it: a statement knows its text as it was typed.
  if (type === 'Statement') noteStatement(value as StatementNode);
}

function noteStatement({ pipelines, sourceText }: StatementNode): void {
  const [pipeline] = pipelines;
  if (pipelines.length !== 1 || pipeline.commands.length !== 1 || sourceText === undefined) return;
  const [command] = pipeline.commands;
  if (command.type === 'FunctionDef') note(command, sourceText);
}

function note(node: FunctionDefNode, text: string | null): void {
  Object.assign(node, { sourceText: text ?? serialize(scriptOf(node)).trimEnd() });
}

function scriptOf(command: FunctionDefNode): ScriptNode {
  const pipelines = [{ type: 'Pipeline' as const, commands: [command], negated: false }];
  const statements = [{ type: 'Statement' as const, pipelines, operators: [], background: false }];
  return { type: 'Script', statements };
}
