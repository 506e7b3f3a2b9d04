import { z } from 'zod';

/** `a.yaml, b.yaml` */
export const severalPaths = z.string().transform((text) =>
  text
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== ''),
);

/** `a, b` */
export const several = (is: (text: string) => boolean, what: string) =>
  severalPaths.refine((all) => all.every(is), `must be ${what}, with commas between several`);
