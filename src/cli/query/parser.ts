import { repr, str } from '../python/repr.js';
import { codePoints, type Value } from '../python/value.js';
import { QueryError, type Token, type TokenType, tokenize } from './lexer.js';

export type Comparator = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte';

/** A parsed JMESPath expression. */
export type Node =
  | { readonly type: 'current' }
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'literal'; readonly value: Value }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'slice'; readonly parts: readonly (number | undefined)[] }
  | { readonly type: 'chain'; readonly left: Node; readonly right: Node }
  | { readonly type: 'projection'; readonly left: Node; readonly right: Node }
  | { readonly type: 'values'; readonly left: Node; readonly right: Node }
  | {
      readonly type: 'filter';
      readonly left: Node;
      readonly right: Node;
      readonly condition: Node;
    }
  | { readonly type: 'flatten'; readonly of: Node }
  | { readonly type: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly type: 'not' | 'expref'; readonly of: Node }
  | {
      readonly type: 'compare';
      readonly by: Comparator;
      readonly left: Node;
      readonly right: Node;
    }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'dict'; readonly items: readonly (readonly [string, Node])[] }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Node[] };

/** How strongly a token binds what stands to its left (JMESPath specification). */
const BINDING: Partial<Record<TokenType, number>> = {
  pipe: 1,
  or: 2,
  and: 3,
  eq: 5,
  gt: 5,
  lt: 5,
  gte: 5,
  lte: 5,
  ne: 5,
  flatten: 9,
  star: 20,
  filter: 21,
  dot: 40,
  not: 45,
  lbrace: 50,
  lbracket: 55,
  lparen: 60,
};
/** Tokens that bind less end a projection. */
const PROJECTION_END = 10;
const CURRENT: Node = { type: 'current' };

const bindingOf = ({ type }: Token): number => BINDING[type] ?? 0;

/**
 * Parses a JMESPath expression. The AWS CLI shows Python jmespath's messages with a caret under the token
 * and keeps 1 and 1.0 apart; no JavaScript implementation does either, so this one follows it.
 */
export function parseQuery(expression: string): Node {
  return new QueryParser(expression).parse();
}

class QueryParser {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = tokenize(expression);
  }

  parse(): Node {
    const node = this.#expressionOf(0);
    const token = this.#token();
    if (token.type !== 'eof') throw this.#fault(token, `Unexpected token: ${str(token.value)}`);
    return node;
  }

  #token(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { type: 'eof', value: '', start: 0 };
  }

  #is(...types: TokenType[]): boolean {
    return types.includes(this.#token().type);
  }

  #take(): Token {
    const token = this.#token();
    this.#at++;
    return token;
  }

  #expect(...types: TokenType[]): Token {
    if (this.#is(...types)) return this.#take();
    const token = this.#token();
    if (token.type === 'eof') throw this.#incomplete();
    const expected = types.length === 1 ? types[0] : repr(types);
    throw this.#fault(token, `Expecting: ${expected}, got: ${token.type}`);
  }

  #incomplete(): QueryError {
    const caret = `${' '.repeat(codePoints(this.#expression).length + 1)}^`;
    return new QueryError(
      `Invalid jmespath expression: Incomplete expression:\n"${this.#expression}"\n${caret}`,
    );
  }

  #fault({ start, value, type }: Token, message: string): QueryError {
    const caret = `${' '.repeat(start + 1)}^`;
    return new QueryError(
      `${message}: Parse error at column ${start}, token "${str(value)}" (${type.toUpperCase()}), for expression:\n"${this.#expression}"\n${caret}`,
    );
  }

  #expressionOf(binding: number): Node {
    const token = this.#take();
    if (token.type === 'eof') throw this.#incomplete();
    let left = (this.#prefixes[token.type] ?? this.#invalid)(token);
    while (binding < bindingOf(this.#token())) {
      const next = this.#token();
      left = (this.#infixes[next.type] ?? this.#invalid)(next, left);
    }
    return left;
  }

  readonly #invalid = (token: Token): never => {
    throw this.#fault(token, 'invalid token');
  };

  /** What an expression can begin with; the token is taken. */
  readonly #prefixes: Partial<Record<TokenType, (token: Token) => Node>> = {
    literal: ({ value }) => ({ type: 'literal', value }),
    unquoted_identifier: ({ value }) => ({ type: 'field', name: str(value) }),
    quoted_identifier: ({ value }) => {
      if (this.#is('lparen'))
        throw this.#fault(
          { ...this.#token(), start: 0 },
          'Quoted identifier not allowed for function names.',
        );
      return { type: 'field', name: str(value) };
    },
    star: () => this.#valuesOf(CURRENT, 20, this.#is('rbracket')),
    filter: () => this.#filter(CURRENT),
    lbrace: () => this.#multiDict(),
    lparen: () => {
      const node = this.#expressionOf(0);
      this.#expect('rparen');
      return node;
    },
    flatten: () => this.#flatten(CURRENT),
    not: () => ({ type: 'not', of: this.#expressionOf(45) }),
    lbracket: () => this.#bracket(),
    current: () => CURRENT,
    expref: () => ({ type: 'expref', of: this.#expressionOf(0) }),
  };

  readonly #compare = ({ type: by }: Token, left: Node): Node => {
    this.#at++;
    return { type: 'compare', by: by as Comparator, left, right: this.#expressionOf(5) };
  };

  readonly #logic = (token: Token, left: Node): Node => {
    this.#at++;
    const right = this.#expressionOf(bindingOf(token));
    return { type: token.type as 'and' | 'or', left, right };
  };

  /** What can go on behind an expression; the token is not taken. */
  readonly #infixes: Partial<Record<TokenType, (token: Token, left: Node) => Node>> = {
    dot: (_, left) => {
      this.#at++;
      if (!this.#is('star')) return { type: 'chain', left, right: this.#dotRight(40) };
      this.#at++;
      return this.#valuesOf(left, 40, false);
    },
    pipe: (_, left) => {
      this.#at++;
      return { type: 'chain', left, right: this.#expressionOf(1) };
    },
    or: this.#logic,
    and: this.#logic,
    eq: this.#compare,
    ne: this.#compare,
    lt: this.#compare,
    lte: this.#compare,
    gt: this.#compare,
    gte: this.#compare,
    flatten: (_, left) => {
      this.#at++;
      return this.#flatten(left);
    },
    filter: (_, left) => {
      this.#at++;
      return this.#filter(left);
    },
    lparen: (_, left) => this.#call(left),
    lbracket: (_, left) => this.#bracketAfter(left),
  };

  #valuesOf(left: Node, binding: number, ends: boolean): Node {
    return { type: 'values', left, right: ends ? CURRENT : this.#projected(binding) };
  }

  #flatten(left: Node): Node {
    return { type: 'projection', left: { type: 'flatten', of: left }, right: this.#projected(9) };
  }

  #filter(left: Node): Node {
    const condition = this.#expressionOf(0);
    this.#expect('rbracket');
    const right = this.#is('flatten') ? CURRENT : this.#projected(21);
    return { type: 'filter', left, right, condition };
  }

  #call(left: Node): Node {
    if (left.type !== 'field') {
      const before = this.#token(-1);
      throw this.#fault(before, `Invalid function name '${str(before.value)}'`);
    }
    this.#at++;
    const args: Node[] = [];
    while (!this.#is('rparen')) {
      args.push(this.#expressionOf(0));
      if (this.#is('comma')) this.#at++;
    }
    this.#expect('rparen');
    return { type: 'call', name: left.name, args };
  }

  #bracket(): Node {
    if (this.#is('number', 'colon')) return this.#indexed(CURRENT);
    if (this.#is('star') && this.#token(1).type === 'rbracket') {
      this.#at += 2;
      return { type: 'projection', left: CURRENT, right: this.#projected(20) };
    }
    return this.#multiList();
  }

  #bracketAfter(left: Node): Node {
    this.#at++;
    if (this.#is('number', 'colon')) return this.#indexed(left);
    this.#expect('star');
    this.#expect('rbracket');
    return { type: 'projection', left, right: this.#projected(20) };
  }

  /** `[1]` or `[1:2:3]`; a slice projects what follows. */
  #indexed(left: Node): Node {
    if (!this.#is('colon') && this.#token(1).type !== 'colon') {
      const index = Number(this.#take().value);
      this.#expect('rbracket');
      return { type: 'chain', left, right: { type: 'index', index } };
    }
    const slice: Node = { type: 'chain', left, right: this.#slice() };
    return { type: 'projection', left: slice, right: this.#projected(20) };
  }

  #slice(): Node {
    const parts: (number | undefined)[] = [undefined, undefined, undefined];
    let part = 0;
    while (!this.#is('rbracket')) {
      const token = this.#token();
      if (token.type === 'colon' && part < 2) part++;
      else if (token.type === 'number') parts[part] = Number(token.value);
      else throw this.#fault(token, 'syntax error');
      this.#at++;
    }
    this.#expect('rbracket');
    return { type: 'slice', parts };
  }

  #multiList(): Node {
    const items: Node[] = [];
    for (;;) {
      items.push(this.#expressionOf(0));
      if (this.#is('rbracket')) break;
      this.#expect('comma');
    }
    this.#expect('rbracket');
    return { type: 'list', items };
  }

  #multiDict(): Node {
    const items: (readonly [string, Node])[] = [];
    for (;;) {
      const key = this.#expect('quoted_identifier', 'unquoted_identifier');
      this.#expect('colon');
      items.push([str(key.value), this.#expressionOf(0)]);
      if (this.#is('comma')) this.#at++;
      else if (this.#is('rbrace')) {
        this.#at++;
        return { type: 'dict', items };
      }
    }
  }

  /** What a projection does with each element. */
  #projected(binding: number): Node {
    const token = this.#token();
    if (bindingOf(token) < PROJECTION_END) return CURRENT;
    if (this.#is('lbracket', 'filter')) return this.#expressionOf(binding);
    if (this.#is('dot')) {
      this.#at++;
      return this.#dotRight(binding);
    }
    throw this.#fault(token, 'syntax error');
  }

  #dotRight(binding: number): Node {
    if (this.#is('quoted_identifier', 'unquoted_identifier', 'star'))
      return this.#expressionOf(binding);
    if (this.#is('lbracket')) {
      this.#at++;
      return this.#multiList();
    }
    if (this.#is('lbrace')) {
      this.#at++;
      return this.#multiDict();
    }
    const token = this.#token();
    const allowed = ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'];
    throw this.#fault(token, `Expecting: ${repr(allowed)}, got: ${token.type}`);
  }
}
