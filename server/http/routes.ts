import type { Endpoint, Method } from './endpoint.ts';
import { invalidParam, unrecognized } from './matrix-error.ts';

export interface Found<Ports> {
  readonly endpoint: Endpoint<Ports>;
  readonly path: Readonly<Record<string, string>>;
}

interface Target<Ports> {
  readonly endpoint: Endpoint<Ports>;
  readonly parameters: readonly string[];
}

interface Node<Ports> {
  readonly literal: Map<string, Node<Ports>>;
  parameter: Node<Ports> | undefined;
  readonly targets: Map<string, Target<Ports>>;
}

/**
 * A tree of path segments. Express tries its routes one after the other, which for the 200 of the
 * specification costs 20 us a request, and cannot tell a wrong method from an unknown path.
 */
export class RouteTable<Ports> {
  readonly #root: Node<Ports> = newNode();

  constructor(endpoints: readonly Endpoint<Ports>[]) {
    for (const endpoint of endpoints)
      for (const route of endpoint.routes) this.#add(route, endpoint);
  }

  /** Throws M_UNRECOGNIZED: 404 for an unknown path, 405 for a method that the path does not have. */
  find(method: string, path: string): Found<Ports> {
    const values: string[] = [];
    const node = walk(this.#root, path.split('/'), 1, values);
    if (!node) throw unrecognized(404, 'Unrecognized request');
    // Every GET may be asked for its headers alone (RFC 9110, section 9.3.2).
    const target = node.targets.get(method === 'HEAD' ? 'GET' : method);
    if (!target) throw wrongMethod(node.targets.keys());
    const named = target.parameters.map((name, index) => [name, decode(values[index]!)] as const);
    return { endpoint: target.endpoint, path: Object.fromEntries(named) };
  }

  #add(route: string, endpoint: Endpoint<Ports>) {
    const [method, path] = route.split(' ') as [Method, string];
    const parameters: string[] = [];
    let node = this.#root;
    for (const segment of path.split('/').slice(1)) {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name !== undefined) parameters.push(name);
      node = name === undefined ? literal(node, segment) : parameter(node);
    }
    const other = node.targets.get(method)?.endpoint.operation;
    if (other !== undefined) throw new Error(`${route} is of ${other} and ${endpoint.operation}`);
    node.targets.set(method, { endpoint, parameters });
  }
}

const newNode = <Ports>(): Node<Ports> => ({
  literal: new Map(),
  parameter: undefined,
  targets: new Map(),
});

function literal<Ports>(node: Node<Ports>, segment: string): Node<Ports> {
  const known = node.literal.get(segment);
  if (known) return known;
  const made = newNode<Ports>();
  node.literal.set(segment, made);
  return made;
}

function parameter<Ports>(node: Node<Ports>): Node<Ports> {
  node.parameter ??= newNode();
  return node.parameter;
}

/** A literal goes before a parameter; a parameter is never empty. Depth is that of the routes. */
function walk<Ports>(
  node: Node<Ports>,
  segments: readonly string[],
  at: number,
  values: string[],
): Node<Ports> | undefined {
  if (at === segments.length) return node.targets.size > 0 ? node : undefined;
  const segment = segments[at]!;
  const exact = node.literal.get(segment);
  const found = exact && walk(exact, segments, at + 1, values);
  if (found || !node.parameter || segment === '') return found;
  values.push(segment);
  const behind = walk(node.parameter, segments, at + 1, values);
  if (!behind) values.pop();
  return behind;
}

/** Identifiers have 255 bytes. None is looked up that is so long that it cannot be there. */
const SEGMENT_LENGTH_MAX = 1_024;

/**
 * U+0000 is refused here for all: PostgreSQL has no text with it. Decoded also where nothing is encoded: as it was cut out
 * of the URL, whoever keeps it (a transaction id, a room's id) would keep all of the URL in memory.
 */
function decode(segment: string): string {
  if (segment.length > 3 * SEGMENT_LENGTH_MAX) throw segmentTooLong();
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw invalidParam(`The path has a wrong percent-encoding: ${segment.slice(0, 100)}`);
  }
  if (text.includes('\0')) throw invalidParam('The path has a U+0000');
  return checkedLength(text);
}

function checkedLength(text: string): string {
  if (text.length > SEGMENT_LENGTH_MAX) throw segmentTooLong();
  return text;
}

const segmentTooLong = () =>
  invalidParam(`A part of the path has more than ${SEGMENT_LENGTH_MAX} characters`);

function wrongMethod(allowed: Iterable<string>) {
  const methods = [...allowed].flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each]));
  const allow = [...methods, 'OPTIONS'].join(', ');
  return unrecognized(405, `This path takes only ${allow}`, { allow });
}
