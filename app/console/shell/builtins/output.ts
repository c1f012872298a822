import type { Body } from '../../../sim/call.ts';
import { current } from '../../../kernel/include/sched.ts';
import { testCommand } from '../conditional.ts';
import { format, printfText } from '../printf.ts';
import type { Shell } from '../shell.ts';
import { failure, isName, letters, output, usage } from './builtin.ts';

export function* echo(shell: Shell, args: readonly string[]): Body<number> {
  let newline = true;
  let escapes = false;
  let at = 0;
  for (; at < args.length && /^-[neE]+$/.test(args[at]); at++) {
    if (args[at].includes('n')) newline = false;
    if (args[at].includes('e')) escapes = true;
    if (args[at].includes('E')) escapes = false;
  }
  const words = args.slice(at).join(' ');
  const text = escapes ? format('%b', [words]) : words;
  return yield* output(shell, 'echo', newline ? `${text}\n` : text);
}

export function* printf(shell: Shell, args: readonly string[]): Body<number> {
  const { flags, operands, bad } = letters(args, '', 'v');
  if (operands.length === 0 || bad !== null) return yield* usage('printf', '[-v var] format [arguments]');
  const { text, problems } = printfText(operands[0], operands.slice(1));
  for (const problem of problems) yield* shell.complain(`printf: ${problem}`);
  const variable = flags.get('v');
  if (variable === undefined) {
    const status = yield* output(shell, 'printf', text);
    return problems.length > 0 ? 1 : status;
  }
  if (!isName(variable)) return yield* failure(shell, `printf: \`${variable}': not a valid identifier`, 2);
  shell.assign(variable, text);
  return 0;
}

export const pwd = (shell: Shell): Body<number> => output(shell, 'pwd', `${current().pwd}\n`);

export function* test(shell: Shell, args: readonly string[]): Body<number> {
  const result = yield* testCommand(shell, args);
  return typeof result === 'string' ? yield* failure(shell, `test: ${result}`, 2) : result;
}

export function* bracket(shell: Shell, args: readonly string[]): Body<number> {
  if (args[args.length - 1] !== ']') return yield* failure(shell, "[: missing `]'", 2);
  const result = yield* testCommand(shell, args.slice(0, -1));
  return typeof result === 'string' ? yield* failure(shell, `[: ${result}`, 2) : result;
}
