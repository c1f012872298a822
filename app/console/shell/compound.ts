import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { runningTask } from '../../sim/machine-in-force.ts';
import { evaluate, explain } from './arithmetic.ts';
import type {
  CaseNode,
  CommandNode,
  CStyleForNode,
  ForNode,
  IfNode,
  StatementNode,
  UntilNode,
  WhileNode,
} from './ast.ts';
import { conditionHolds } from './conditional.ts';
import { arithmeticContext, expandPattern, expandString, expandWords } from './expand.ts';
import { patternToRegExp } from './pattern.ts';
import { enterJob, foreground, placeJob } from './job-start.ts';
import type { Shell } from './shell.ts';
import { waitForChild } from './waiting.ts';

export function* compound(
  shell: Shell,
  command: Exclude<CommandNode, { type: 'SimpleCommand' | 'FunctionDef' }>,
): Body<void> {
  switch (command.type) {
    case 'Group':
      yield* shell.statements(command.body);
      return;
    case 'Subshell': {
      const pid = yield* shell.forkShell(function* (child) {
        yield* enterJob(shell, 0, 'foreground');
        yield* child.statements(command.body);
      });
      if (pid < 0) {
        yield* shell.complain(`fork: ${strerror(pid)}`);
        shell.state.status = 254;
      } else if (shell.state.options.monitor) {
        yield* placeJob(shell, pid, pid, 'foreground');
        shell.state.status = yield* foreground(shell, [pid], '( … )');
      } else shell.state.status = yield* waitForChild(shell, pid, true);
      return;
    }
    case 'If':
      yield* ifCommand(shell, command);
      return;
    case 'For':
      yield* forCommand(shell, command);
      return;
    case 'CStyleFor':
      yield* cStyleFor(shell, command);
      return;
    case 'While':
    case 'Until':
      yield* whileCommand(shell, command);
      return;
    case 'Case':
      yield* caseCommand(shell, command);
      return;
    case 'ArithmeticCommand':
      shell.state.status = arithmetic(shell, command.expression) === 0 ? 1 : 0;
      return;
    case 'ConditionalCommand':
      shell.state.status = (yield* conditionHolds(shell, command.expression)) ? 0 : 1;
      return;
  }
}

function* ifCommand(shell: Shell, { clauses, elseBody }: IfNode): Body<void> {
  for (const { condition, body } of clauses) {
    if (!(yield* testList(shell, condition))) {
      if (shell.state.unwinding !== null) return;
      continue;
    }
    yield* shell.statements(body);
    return;
  }
  shell.state.status = 0;
  if (elseBody !== null) yield* shell.statements(elseBody);
}

/** Runs a condition; false as well if it leaves the command. */
function* testList(shell: Shell, list: readonly StatementNode[]): Body<boolean> {
  shell.state.conditions++;
  yield* shell.statements(list);
  shell.state.conditions--;
  return shell.state.unwinding === null && shell.state.status === 0;
}

function* forCommand(shell: Shell, { variable, words, body }: ForNode): Body<void> {
  const values = words === null ? shell.state.args : yield* expandWords(shell, words);
  shell.state.status = 0;
  for (const value of values) {
    shell.assign(variable, value);
    if (!(yield* loopBody(shell, body))) return;
  }
}

function* cStyleFor(shell: Shell, { init, condition, update, body }: CStyleForNode): Body<void> {
  shell.state.status = 0;
  for (
    arithmetic(shell, init);
    condition === null || arithmetic(shell, condition) !== 0;
    arithmetic(shell, update)
  ) {
    if (!(yield* loopBody(shell, body))) return;
  }
}

function* whileCommand(shell: Shell, { type, condition, body }: WhileNode | UntilNode): Body<void> {
  let status = 0;
  for (;;) {
    const holds = yield* testList(shell, condition);
    if (shell.state.unwinding !== null || holds === (type === 'Until')) break;
    const goOn = yield* loopBody(shell, body);
    ({ status } = shell.state);
    if (!goOn) return;
  }
  if (shell.state.unwinding === null) shell.state.status = status;
}

/** One round of a loop; false if the loop is to be left. */
function* loopBody(shell: Shell, body: readonly StatementNode[]): Body<boolean> {
  const before = runningTask().operations;
  shell.state.loops++;
  yield* shell.statements(body);
  shell.state.loops--;
  if (runningTask().operations === before && shell.state.unwinding === null) yield* shell.breathe();
  const { unwinding } = shell.state;
  if (unwinding === null) return true;
  if (unwinding.kind !== 'break' && unwinding.kind !== 'continue') return false;
  if (unwinding.levels > 1) {
    shell.state.unwinding = { ...unwinding, levels: unwinding.levels - 1 };
    return false;
  }
  shell.state.unwinding = null;
  return unwinding.kind === 'continue';
}

function* caseCommand(shell: Shell, { word, items }: CaseNode): Body<void> {
  const value = yield* expandString(shell, word);
  shell.state.status = 0;
  let fallThrough = false;
  for (const { patterns, body, terminator } of items) {
    let matches = fallThrough;
    for (const pattern of patterns) {
      matches ||= patternToRegExp(yield* expandPattern(shell, pattern)).test(value);
    }
    if (!matches) continue;
    yield* shell.statements(body);
    if (terminator === ';;' || shell.state.unwinding !== null) return;
    fallThrough = terminator === ';&';
  }
}

function arithmetic(
  shell: Shell,
  node: { readonly expression: Parameters<typeof evaluate>[0]; readonly originalText?: string } | null,
): number {
  if (node === null) return 0;
  try {
    return evaluate(node.expression, arithmeticContext(shell));
  } catch (error) {
    throw explain(error, `((: ${node.originalText?.trim() ?? ''}`);
  }
}
