import type { Body } from '../../sim/call.ts';
import { close, listDirectory, open } from '../userland/libc.ts';
import { isatty } from '../userland/termios.ts';
import type { ConditionalExpression } from './ast.ts';
import { ExpansionError } from './errors.ts';
import { expandPattern, expandString, type ExpansionHost } from './expand.ts';
import { patternToRegExp } from './pattern.ts';
import type { Options } from './state.ts';
import { setArray } from './variables.ts';

/** `[[ ... ]]` */
export function* conditionHolds(host: ExpansionHost, node: ConditionalExpression): Body<boolean> {
  switch (node.type) {
    case 'CondNot':
      return !(yield* conditionHolds(host, node.operand));
    case 'CondAnd':
      return (yield* conditionHolds(host, node.left)) && (yield* conditionHolds(host, node.right));
    case 'CondOr':
      return (yield* conditionHolds(host, node.left)) || (yield* conditionHolds(host, node.right));
    case 'CondGroup':
      return yield* conditionHolds(host, node.expression);
    case 'CondWord':
      return (yield* expandString(host, node.word)) !== '';
    case 'CondUnary':
      return (yield* unaryTest(node.operator, yield* expandString(host, node.operand), host)) === true;
    case 'CondBinary': {
      const left = yield* expandString(host, node.left);
      const { operator } = node;
      if (operator === '=' || operator === '==' || operator === '!=') {
        const matches = patternToRegExp(yield* expandPattern(host, node.right)).test(left);
        return matches === (operator !== '!=');
      }
      const right = yield* expandString(host, node.right);
      if (operator === '=~') return matches(host, left, yield* expandPattern(host, node.right), right);
      return binaryTest(left, operator, right) === true;
    }
  }
}

/** `=~`: an extended regular expression, in which what was quoted stands for itself. Sets BASH_REMATCH. */
function matches(host: ExpansionHost, text: string, pattern: string, plain: string): boolean {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern.includes('\\') ? pattern : plain, 's');
  } catch {
    throw new ExpansionError(`${plain}: not a regular expression`);
  }
  const found = expression.exec(text);
  const parts = [...(found ?? [])].map((part, i) => [String(i), part] as const);
  setArray(host.state, 'BASH_REMATCH', false, parts);
  return found !== null;
}

/** What `test` and `[` say of their arguments: 0 true, 1 false; a text is what is wrong. */
export function* testCommand(host: ExpansionHost, args: readonly string[]): Body<0 | 1 | string> {
  const parser = new TestParser(host, args);
  const holds = yield* parser.parse();
  return typeof holds === 'string' ? holds : holds ? 0 : 1;
}

/** The grammar of `test`: ! and -a and -o over primaries, with the meaning by number of arguments. */
class TestParser {
  private at = 0;

  constructor(
    private readonly host: ExpansionHost,
    private readonly args: readonly string[],
  ) {}

  *parse(): Body<boolean | string> {
    if (this.args.length === 0) return false;
    if (this.args.length === 1) return this.args[0] !== '';
    const holds = yield* this.or();
    if (typeof holds === 'string') return holds;
    return this.at === this.args.length ? holds : 'too many arguments';
  }

  private *or(): Body<boolean | string> {
    let holds = yield* this.and();
    while (typeof holds !== 'string' && this.args[this.at] === '-o') {
      this.at++;
      const right = yield* this.and();
      if (typeof right === 'string') return right;
      holds ||= right;
    }
    return holds;
  }

  private *and(): Body<boolean | string> {
    let holds = yield* this.primary();
    while (typeof holds !== 'string' && this.args[this.at] === '-a') {
      this.at++;
      const right = yield* this.primary();
      if (typeof right === 'string') return right;
      holds &&= right;
    }
    return holds;
  }

  private *primary(): Body<boolean | string> {
    const [word, next, after] = this.args.slice(this.at, this.at + 3);
    if (word === undefined) return 'argument expected';
    if (next !== undefined && after !== undefined) {
      const result = binaryTest(word, next, after);
      if (typeof result === 'string') return result;
      if (result !== null) {
        this.at += 3;
        return result;
      }
    }
    if (word === '!') {
      this.at++;
      const holds = yield* this.primary();
      return typeof holds === 'string' ? holds : !holds;
    }
    if (word === '(') {
      this.at++;
      const holds = yield* this.or();
      if (typeof holds !== 'string' && this.args[this.at++] !== ')') return "`)' expected";
      return holds;
    }
    if (next !== undefined && /^-[a-zA-Z]$/.test(word)) {
      this.at += 2;
      return yield* unaryTest(word, next, this.host);
    }
    this.at++;
    return word !== '';
  }
}

/** Null if `operator` is none; a text if an operand is no number. */
function binaryTest(left: string, operator: string, right: string): boolean | string | null {
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
  }
  const compare = COMPARISONS.get(operator);
  if (compare === undefined) return null;
  for (const word of [left, right]) {
    if (!/^\s*[+-]?\d+\s*$/.test(word)) return `${word}: integer expression expected`;
  }
  return compare(Number(left), Number(right));
}

const COMPARISONS = new Map<string, (a: number, b: number) => boolean>([
  ['-eq', (a, b) => a === b],
  ['-ne', (a, b) => a !== b],
  ['-lt', (a, b) => a < b],
  ['-le', (a, b) => a <= b],
  ['-gt', (a, b) => a > b],
  ['-ge', (a, b) => a >= b],
]);

function* unaryTest(operator: string, operand: string, host: ExpansionHost): Body<boolean | string> {
  switch (operator) {
    case '-z':
      return operand === '';
    case '-n':
      return operand !== '';
    case '-v':
      return host.state.variables.has(operand);
    case '-t':
      return yield* isatty(/^\d+$/.test(operand) ? Number(operand) : -1);
    case '-o':
      return host.state.options[operand as keyof Options];
    case '-d':
      return typeof (yield* listDirectory(operand)) !== 'number';
    case '-e':
    case '-f':
    case '-r':
    case '-w':
    case '-x':
    case '-s': {
      if (typeof (yield* listDirectory(operand)) !== 'number') return operator !== '-f';
      const fd = yield* open(operand);
      if (fd < 0) return false;
      yield* close(fd);
      return true;
    }
    default:
      return `${operator}: unary operator expected`;
  }
}
