import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import type { Answers } from './answers-of-specification.ts';
import { fileOf } from './compiled-answers.ts';

/**
 * What the specification's data say that is answered at one of these routes with this status, as JSON; undefined where
 * they say nothing, or are not at hand.
 */
export function answerSchema(routes: readonly string[], status: number): z.ZodType | undefined {
  const at = routes.find((route) => answersAt(route) !== undefined);
  if (at === undefined) return undefined;
  const key = `${at} ${status}`;
  if (!known.has(key)) known.set(key, schemaOf(answersAt(at)?.[status]));
  return known.get(key);
}

const known = new Map<string, z.ZodType | undefined>();
const read = new Map<string, Answers | undefined>();

const schemaOf = (schema: unknown): z.ZodType | undefined =>
  schema === undefined ? undefined : z.fromJSONSchema(schema as JsonSchema);

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

function answersAt(route: string): Answers | undefined {
  if (!read.has(route)) read.set(route, readAnswers(route));
  return read.get(route);
}

function readAnswers(route: string): Answers | undefined {
  const folder = inject('answersFolder');
  const file = join(folder, fileOf(route));
  return folder !== '' && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
