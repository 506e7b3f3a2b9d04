import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import YAML from 'yaml';
import { endpointRows, type OpenApi, routesOf, SPEC_FOLDER } from './from-specification.ts';

/** By status, what is answered as JSON: a JSON schema without references. */
export type Answers = Readonly<Record<string, unknown>>;

/** By `METHOD path`, the answers of all operations as the specification's data have them. Takes seconds. */
export function answersOfSpecification(): ReadonlyMap<string, Answers> {
  const files = new Set(
    endpointRows().map(({ api, module }) => join(SPEC_FOLDER, 'api', api!, `${module}.yaml`)),
  );
  return new Map([...files].flatMap((file) => answersIn(file)));
}

const answersIn = (file: string): (readonly [route: string, Answers])[] =>
  routesOf(parsed(file) as OpenApi).map(({ route, responses = {} }) => {
    const schemas = Object.entries(responses).flatMap(([status, { content }]) => {
      const schema = content?.['application/json']?.schema;
      return schema ? [[status, plain(schema, { file, within: [] })]] : [];
    });
    return [route, Object.fromEntries(schemas) as Answers];
  });

interface Place {
  readonly file: string;
  /** Files that are being read: one that names itself is taken for anything at its second time. */
  readonly within: readonly string[];
}

/** Formats only annotate (JSON Schema 2020-12, section 7.2.1), and zod would hold us to some. */
const ANNOTATIONS = ['format', 'example', 'examples', 'description', 'title', '$schema', 'default'];

/** Without references to other files, and without what says nothing of what is allowed. */
function plain(schema: unknown, place: Place): unknown {
  if (Array.isArray(schema)) return schema.map((each) => plain(each, place));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...own } = schema as Record<string, unknown>;
  const rest: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(own)) {
    if (ANNOTATIONS.includes(keyword) || keyword.startsWith('x-')) continue;
    rest[keyword] = BY_NAME.includes(keyword) ? each(value as object, place) : plain(value, place);
  }
  if (typeof $ref !== 'string') return rest;
  const named = referred($ref, place);
  return Object.keys(rest).length === 0 ? named : { allOf: [named, rest] };
}

/** Here keys are names of somebody's fields, and no keywords. */
const BY_NAME = ['properties', 'patternProperties'];

const each = (schemas: object, place: Place) =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema, place)]));

function referred($ref: string, { file, within }: Place): unknown {
  const [name = '', pointer = ''] = $ref.split('#');
  const target = name === '' ? file : join(dirname(file), name);
  const place = `${target}#${pointer}`;
  if (within.includes(place)) return {};
  const steps = pointer.split('/').filter((step) => step !== '');
  const schema = steps.reduce<unknown>(
    (at, step) => (at as Record<string, unknown>)[step],
    parsed(target),
  );
  return plain(schema, { file: target, within: [...within, place] });
}

const documents = new Map<string, unknown>();

function parsed(file: string): unknown {
  if (!documents.has(file)) documents.set(file, YAML.parse(readFileSync(file, 'utf8')));
  return documents.get(file);
}
