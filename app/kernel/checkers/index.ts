import type { Checker } from '../checker.ts';
import { leaks } from './leaks.ts';
import { deadStackFrame } from './dead_stack_frame.ts';
import { deadAccess } from '../mm/dead_access.ts';

/** Every checker that there is, in the order in which they are attached. Each owner adds its line. */
export const checkers: readonly Checker[] = [deadAccess, deadStackFrame, leaks];
