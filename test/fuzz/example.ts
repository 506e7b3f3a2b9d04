import { z } from 'zod';
import type { Endpoint } from '../../server/http/endpoint.ts';
import type { JsonObject, JsonValue } from '../../server/protocol/json.ts';
import { SIGNED } from './client.ts';
import { OWN_TOKEN, SERVICE, type World } from './world.ts';

/** A request as an endpoint wants it: what there is to spoil. */
export interface Example {
  readonly method: string;
  /** Of whoever may call. */
  readonly token: string;
  /** With its parameters still in braces. */
  readonly route: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** What a page's form sends, where the endpoint reads that. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** Undefined where the endpoint reads no JSON. */
  readonly body: JsonValue | undefined;
  /** The fields of the body that may be absent. */
  readonly optional: readonly string[];
}

type Schema = z.core.$ZodType;
// biome-ignore lint/suspicious/noExplicitAny: each kind of schema has a definition of its own.
type Definition = any;

/** One for each way in which the body may look; made from the schemas, so a new endpoint has them too. */
export function examplesOf(endpoint: Endpoint<never>, world: World): Example[] {
  const [method, route] = endpoint.routes[0]!.split(' ') as [string, string];
  const token = tokenOf(endpoint);
  const path = stringsOf(only(endpoint, 'path', endpoint.path, world));
  const query = stringsOf(only(endpoint, 'query', endpoint.query, world));
  const form = endpoint.body && 'form' in endpoint.body ? endpoint.body.form : undefined;
  if (form) {
    const fields = stringsOf(only(endpoint, 'form', form, world));
    return [{ method, token, route, path, query, form: fields, body: undefined, optional: [] }];
  }
  const json = endpoint.body && 'json' in endpoint.body ? endpoint.body.json : undefined;
  const bodies = json ? valuesOf(json, 'body', world) : [undefined];
  const examples = bodies.map((body) => {
    if (json) refuseWrong(endpoint, json, body);
    const optional = json ? optionalIn(json, body) : [];
    return { method, token, route, path, query, body: withAuth(endpoint, body, world), optional };
  });
  return json && doesWithout(endpoint, query) ? [...examples, withoutQuery(examples)] : examples;
}

/** Of whoever may call, and is let in. */
function tokenOf({ auth }: Endpoint<never>): string {
  if (auth === 'service') return SERVICE.asToken;
  return auth === 'server' ? SIGNED : OWN_TOKEN;
}

/** What a query asks for besides may be another deed: both are tried. */
const doesWithout = ({ query }: Endpoint<never>, example: object): boolean =>
  query !== undefined && Object.keys(example).length > 0 && takes(query, {});

const withoutQuery = ([first]: readonly Example[]): Example => ({ ...first!, query: {} });

function optionalIn(schema: Schema, body: JsonValue | undefined): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  return Object.keys(body).filter((name) => {
    const { [name]: _left, ...others } = body as JsonObject;
    return takes(schema, others);
  });
}

/** Behind its interactive auth there would be nobody left to go on with. */
const LAST_ACT = 'deactivateAccount';

/** All stages of interactive auth at once: else nothing behind them would be reached. */
function withAuth(endpoint: Endpoint<never>, body: JsonValue | undefined, world: World) {
  if (!endpoint.uia || endpoint.operation === LAST_ACT) return body;
  const { userId: user, password } = world.alice;
  const stage: JsonObject =
    endpoint.auth === 'nobody'
      ? { type: 'm.login.dummy' }
      : { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password };
  return { ...(body as JsonObject), auth: stage };
}

function only(endpoint: Endpoint<never>, what: string, schema: Schema | undefined, world: World) {
  if (!schema) return {};
  const [value] = valuesOf(schema, what, world);
  refuseWrong(endpoint, schema, value);
  return value as JsonObject;
}

function refuseWrong({ operation }: Endpoint<never>, schema: Schema, value: unknown) {
  const issue = z.safeParse(schema, value).error?.issues[0];
  if (issue)
    throw new Error(
      `The fuzzer finds no value for ${operation}, ${issue.path.join('.')} (${issue.message}): name one in test/fuzz/world.ts`,
    );
}

const stringsOf = (object: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, String(value)]));

/** Values that the schema takes, one for each of its branches. */
function valuesOf(schema: Schema, name: string, world: World): (JsonValue | undefined)[] {
  const definition = schema._zod.def as Definition;
  switch (definition.type) {
    case 'object':
      return objectsOf(definition, world);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return valuesOf(definition.innerType, name, world);
    case 'pipe':
      return transformed(schema, definition.in, name, world);
    case 'array':
      return [valuesOf(definition.element, name, world) as JsonValue[], []].filter((list) =>
        takes(schema, list),
      );
    case 'record':
      return valuesOf(definition.valueType, name, world).map((value) => ({
        [String(fitting(definition.keyType, name, world)[0])]: value!,
      }));
    case 'union':
      return definition.options.flatMap((option: Schema) => valuesOf(option, name, world));
    case 'enum':
      return [Object.values(definition.entries)[0] as string];
    case 'literal':
      return [definition.values[0]];
    case 'null':
      return [null];
    default:
      return fitting(schema, name, world);
  }
}

/** What stands before a transformation may say more of its form than the whole, or nothing at all. */
function transformed(schema: Schema, before: Schema, name: string, world: World) {
  const values = valuesOf(before, name, world).filter((value) => takes(schema, value));
  return values.length > 0 ? values : fitting(schema, name, world);
}

/** As many objects as the field with the most branches has; the others repeat theirs. */
function objectsOf({ shape }: Definition, world: World): JsonObject[] {
  const fields = Object.entries(shape as Record<string, Schema>).map(
    ([name, schema]) => [name, valuesOf(schema, name, world)] as const,
  );
  const count = Math.max(1, ...fields.map(([, values]) => values.length));
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      fields.flatMap(([name, values]) => {
        const value = values[Math.min(index, values.length - 1)];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  );
}

/** Of all values that we know the first that fits, those of this name first. */
function fitting(schema: Schema, name: string, world: World): (JsonValue | undefined)[] {
  const known = [...(world.named[name] ?? []), ...world.anything];
  return [known.find((value) => takes(schema, value))];
}

const takes = (schema: Schema, value: unknown): boolean =>
  value !== undefined && z.safeParse(schema, value).success;
