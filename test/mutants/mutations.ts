import ts from 'typescript';

/** One small change of a source file that its tests should notice. */
export interface Mutation {
  /** What is replaced, as offsets in the source. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** The line it is on, counted from 1, and its text. */
  readonly line: number;
  readonly text: string;
  /** What is changed to what, for people. */
  readonly change: string;
}

type Place = Omit<Mutation, 'line' | 'text' | 'change'>;

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<'],
  '>': ['>=', '<='],
  '>=': ['>'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '<<': ['>>'],
  '>>>': ['<<'],
  '+=': ['-='],
  '-=': ['+='],
  '&&=': ['||='],
  '||=': ['&&='],
};

const METHODS: ReadonlyMap<string, string> = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['max', 'min'],
  ['min', 'max'],
]);

/** Methods whose call may be left out: what they are called on has the same type as their result. */
const DROPPED = new Set(['filter', 'toSorted', 'sort', 'slice', 'subarray', 'toReversed', 'trim']);

/** Every mutation of a source text, in its order. Types, imports and sentences for people are left alone. */
export function mutationsOf(source: string): readonly Mutation[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.ES2023, true);
  const places: Place[] = [];
  const visit = (node: ts.Node): void => {
    if (isWithoutEffect(node)) return;
    places.push(...mutationsAt(node, file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return places.map((place) => described(place, source, file)).sort((a, b) => a.start - b.start);
}

const isWithoutEffect = (node: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node) ||
  ts.isTypeParameterDeclaration(node) ||
  isSentence(node);

/** A text with values in it and with at least three words in a row: it is for people. */
const isSentence = (node: ts.Node): boolean =>
  ts.isTemplateExpression(node) && /[a-z,]+ [a-z]+ [a-z]+/.test(node.getText());

function mutationsAt(node: ts.Node, file: ts.SourceFile): readonly Place[] {
  if (ts.isBinaryExpression(node)) return operatorsOf(node, file);
  if (ts.isPrefixUnaryExpression(node)) return withoutSign(node, file);
  if (ts.isCallExpression(node)) return callsOf(node, file);
  if (ts.isNumericLiteral(node)) return [place(node, file, String(Number(node.text) + 1))];
  if (ts.isRegularExpressionLiteral(node)) return withoutAnchors(node, file);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [place(node, file, 'false')];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [place(node, file, 'true')];
  return branchesOf(node, file);
}

function branchesOf(node: ts.Node, file: ts.SourceFile): readonly Place[] {
  if (ts.isIfStatement(node)) return [negated(node.expression, file)];
  if (ts.isConditionalExpression(node)) return [negated(node.condition, file)];
  const isStep = ts.isExpressionStatement(node) && isCall(node.expression);
  return isStep ? [place(node, file, ';')] : [];
}

const place = (node: ts.Node, file: ts.SourceFile, replacement: string): Place => ({
  start: node.getStart(file),
  end: node.getEnd(),
  replacement,
});

const operatorsOf = ({ operatorToken }: ts.BinaryExpression, file: ts.SourceFile): Place[] =>
  (OPERATORS[operatorToken.getText(file)] ?? []).map((other) => place(operatorToken, file, other));

function withoutSign(node: ts.PrefixUnaryExpression, file: ts.SourceFile): Place[] {
  const signs = [ts.SyntaxKind.ExclamationToken, ts.SyntaxKind.MinusToken];
  return signs.includes(node.operator) ? [place(node, file, node.operand.getText(file))] : [];
}

function callsOf({ expression, ...call }: ts.CallExpression, file: ts.SourceFile): Place[] {
  if (!ts.isPropertyAccessExpression(expression)) return [];
  const method = expression.name.text;
  const other = METHODS.get(method);
  if (other !== undefined) return [place(expression.name, file, other)];
  if (!DROPPED.has(method)) return [];
  const start = expression.expression.getEnd();
  return [{ start, end: call.end, replacement: '' }];
}

function withoutAnchors(node: ts.RegularExpressionLiteral, file: ts.SourceFile): Place[] {
  const text = node.getText(file);
  return [
    ...(text.startsWith('/^') ? [place(node, file, `/${text.slice(2)}`)] : []),
    ...(/[^\\]\$\/[a-z]*$/.test(text)
      ? [place(node, file, text.replace(/\$(\/[a-z]*)$/, '$1'))]
      : []),
  ];
}

const negated = (condition: ts.Expression, file: ts.SourceFile): Place =>
  place(condition, file, `!(${condition.getText(file)})`);

const isCall = (expression: ts.Expression): boolean =>
  ts.isCallExpression(ts.isAwaitExpression(expression) ? expression.expression : expression);

function described(at: Place, source: string, file: ts.SourceFile): Mutation {
  const { line } = file.getLineAndCharacterOfPosition(at.start);
  const text = (source.split('\n')[line] ?? '').trim();
  const before = source.slice(at.start, at.end).replaceAll(/\s+/g, ' ');
  const after = at.replacement === '' ? 'nothing' : at.replacement.replaceAll(/\s+/g, ' ');
  return { ...at, line: line + 1, text, change: `${before} → ${after}` };
}

/** The source with one mutation in it. */
export const mutated = (source: string, { start, end, replacement }: Mutation): string =>
  source.slice(0, start) + replacement + source.slice(end);
