import type {
  CommandNode,
  PipelineNode,
  ScriptNode,
  SimpleCommandNode,
  StatementNode,
  WordNode,
} from 'just-bash';

/**
 * The syntax tree that the shell runs: the part of just-bash's that is supported (`parse.ts` refuses the
 * rest). Only its types are used here; the parser itself runs in the host.
 */
export type { CommandNode, PipelineNode, ScriptNode, SimpleCommandNode, StatementNode, WordNode };

type Command<Type extends CommandNode['type']> = Extract<CommandNode, { type: Type }>;

export type ArithmeticCommandNode = Command<'ArithmeticCommand'>;
export type CaseNode = Command<'Case'>;
export type ConditionalCommandNode = Command<'ConditionalCommand'>;
export type CStyleForNode = Command<'CStyleFor'>;
export type ForNode = Command<'For'>;
/** With the text that defines it, as it was typed. */
export type FunctionDefNode = Command<'FunctionDef'> & { readonly sourceText?: string };
export type GroupNode = Command<'Group'>;
export type IfNode = Command<'If'>;
export type SubshellNode = Command<'Subshell'>;
export type WhileNode = Command<'While'>;
export type UntilNode = Command<'Until'>;

export type AssignmentNode = SimpleCommandNode['assignments'][number];
export type RedirectionNode = SimpleCommandNode['redirections'][number];
export type WordPart = WordNode['parts'][number];
export type ParameterExpansionPart = Extract<WordPart, { type: 'ParameterExpansion' }>;
export type BraceExpansionPart = Extract<WordPart, { type: 'BraceExpansion' }>;
export type ArithExpr = ArithmeticCommandNode['expression']['expression'];
export type ConditionalExpression = ConditionalCommandNode['expression'];
