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
      return valueOf(context.get(expression.name));
    case 'ArithBracedExpansion':
      return valueOf(context.get(expression.content));
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
    case 'ArithAssignment': {
      const right = evaluate(expression.value, context);
      const operator = expression.operator.slice(0, -1);
      const before = operator === '' ? 0 : valueOf(context.get(expression.variable));
      const value = operator === '' ? right : apply(operator, before, right);
      context.set(expression.variable, String(value));
      return value;
    }
    default:
      throw new ArithmeticError('this expression is not supported');
  }
}

function unary(expression: Extract<ArithExpr, { type: 'ArithUnary' }>, context: ArithmeticContext): number {
  const { operator, operand, prefix } = expression;
  if (operator === '++' || operator === '--') {
    if (operand.type !== 'ArithVariable') throw new ArithmeticError(`${operator} needs a variable`);
    const before = valueOf(context.get(operand.name));
    const after = operator === '++' ? before + 1 : before - 1;
    context.set(operand.name, String(after));
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

function valueOf(text: string): number {
  const word = text.trim();
  if (word === '') return 0;
  if (/^[+-]?\d+$/.test(word)) return Number(word);
  if (/^0[xX][0-9a-fA-F]+$/.test(word)) return Number(word);
  throw new ArithmeticError(`${word}: syntax error: operand expected`);
}
