import type { ArithExpr } from './ast.ts';

/** What arithmetic needs of the shell. */
export interface ArithmeticContext {
  get(name: string): string;
  set(name: string, value: string): void;
}

/** An expression that has no value: division by zero, an operator that is not supported. */
export class ArithmeticError extends Error {}

/** The value of a shell arithmetic expression, a whole number. */
export function evaluate(expression: ArithExpr, context: ArithmeticContext): number {
  switch (expression.type) {
    case 'ArithNumber':
      return Math.trunc(expression.value);
    case 'ArithVariable':
    case 'ArithSpecialVar':
      return variable(expression.name, context);
    case 'ArithBracedExpansion':
      return variable(expression.content, context);
    case 'ArithGroup':
    case 'ArithNested':
      return evaluate(expression.expression, context);
    case 'ArithTernary':
      return evaluate(expression.condition, context) !== 0
        ? evaluate(expression.consequent, context)
        : evaluate(expression.alternate, context);
    case 'ArithUnary':
      return unary(expression, context);
    case 'ArithBinary':
      return binary(expression, context);
    case 'ArithArrayElement':
      return variable(elementName(expression, context), context);
    case 'ArithAssignment': {
      const { variable: array, subscript: index, stringKey } = expression;
      const target = elementName({ array, index, stringKey }, context);
      const right = evaluate(expression.value, context);
      const operator = expression.operator.slice(0, -1);
      const value = operator === '' ? right : apply(operator, variable(target, context), right);
      context.set(target, String(value));
      return value;
    }
    case 'ArithSyntaxError':
      throw new ArithmeticError(expression.message.replace(/^.*?: (?=syntax error)/, ''));
    default:
      throw new ArithmeticError('this expression is not supported');
  }
}

function unary(expression: Extract<ArithExpr, { type: 'ArithUnary' }>, context: ArithmeticContext): number {
  const { operator, operand, prefix } = expression;
  if (operator === '++' || operator === '--') {
    let name: string;
    if (operand.type === 'ArithVariable') ({ name } = operand);
    else if (operand.type === 'ArithArrayElement') name = elementName(operand, context);
    else throw new ArithmeticError(`${operator}: attempted assignment to non-variable`);
    const before = variable(name, context);
    const after = operator === '++' ? before + 1 : before - 1;
    context.set(name, String(after));
    return prefix ? after : before;
  }
  const value = evaluate(operand, context);
  if (operator === '-') return -value;
  if (operator === '!') return value === 0 ? 1 : 0;
  return operator === '~' ? -value - 1 : value;
}

function binary(expression: Extract<ArithExpr, { type: 'ArithBinary' }>, context: ArithmeticContext): number {
  const { operator, left, right } = expression;
  const a = evaluate(left, context);
  if (operator === '&&' && a === 0) return 0;
  if (operator === '||' && a !== 0) return 1;
  const b = evaluate(right, context);
  return apply(operator, a, b);
}

function apply(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '%':
      if (b === 0) throw new ArithmeticError('division by 0');
      return operator === '/' ? Math.trunc(a / b) : a % b;
    case '**':
      return power(a, b);
    case '<<':
      return a * power(2, b);
    case '>>':
      return Math.floor(a / power(2, b));
    case '<':
      return a < b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a !== b ? 1 : 0;
    case '&':
      return Number(BigInt(a) & BigInt(b));
    case '|':
      return Number(BigInt(a) | BigInt(b));
    case '^':
      return Number(BigInt(a) ^ BigInt(b));
    case '&&':
    case '||':
      return b === 0 ? 0 : 1;
    case ',':
      return b;
    default:
      throw new ArithmeticError(`the operator ${operator} is not supported`);
  }
}

function power(base: number, exponent: number): number {
  if (exponent < 0) throw new ArithmeticError('exponent less than 0');
  let value = 1;
  for (let i = 0; i < exponent; i++) value *= base;
  return value;
}

/** `a[2]`, as the shell keeps it; a plain name without a subscript. */
function elementName(
  {
    array,
    index,
    stringKey,
  }: { array: string; index?: ArithExpr | undefined; stringKey?: string | undefined },
  context: ArithmeticContext,
): string {
  if (stringKey !== undefined) return `${array}[${stringKey}]`;
  return index === undefined ? array : `${array}[${evaluate(index, context)}]`;
}

/** Names within names: `a=b; b=3; $((a))` is 3. */
const DEEPEST_NAMES = 32;

function variable(name: string, context: ArithmeticContext, depth = 0): number {
  const text = context.get(name).trim();
  if (/^[A-Za-z_]\w*(?:\[\w+\])?$/.test(text)) {
    if (depth === DEEPEST_NAMES) throw new ArithmeticError(`${text}: expression recursion level exceeded`);
    return variable(text, context, depth + 1);
  }
  return valueOf(text);
}

function valueOf(text: string): number {
  const word = text.trim();
  if (word === '') return 0;
  if (/^[+-]?0[0-7]+$/.test(word)) return parseInt(word, 8);
  if (/^[+-]?\d+$/.test(word)) return Number(word);
  if (/^0[xX][0-9a-fA-F]+$/.test(word)) return Number(word);
  const based = /^(\d+)#(\w+)$/.exec(word);
  if (based !== null && Number(based[1]) >= 2 && Number(based[1]) <= 36)
    return parseInt(based[2], Number(based[1]));
  throw new ArithmeticError(`${word}: syntax error: operand expected (error token is "${word}")`);
}

/** What is wrong, with the expression in front as bash has it. */
export function explain(error: unknown, text: string | undefined): unknown {
  if (!(error instanceof ArithmeticError) || text === undefined || error.message.startsWith(text))
    return error;
  const divisor = /[/%]\s*([^/%]*)$/.exec(text)?.[1];
  const token =
    error.message === 'division by 0' && divisor !== undefined ? ` (error token is "${divisor}")` : '';
  return new ArithmeticError(`${text.trim()}: ${error.message}${token}`);
}
