import type { Drawing } from './thumbnail-size.ts';

/** What the server says to the process that draws, for one picture after the other. */
export type Told = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | Task;

/** What is wanted of the picture whose bytes came before. */
export type Task =
  | { readonly kind: 'draw'; readonly drawing: Drawing }
  | { readonly kind: 'measure' };

export interface Drawn {
  readonly kind: 'drawn';
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface Measured {
  readonly kind: 'measured';
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
}

/** `no picture`: none that we read. `too large`: to be read within the bounds. */
export interface Undrawable {
  readonly kind: 'undrawable';
  readonly why: 'no picture' | 'too large';
}

export type Said = Drawn | Measured | Undrawable;
