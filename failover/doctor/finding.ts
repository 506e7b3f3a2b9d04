/** The walk, in its order: from the name that clients know to the write. */
export const STEPS = [
  'name',
  'certificate',
  'well-known',
  'front',
  'agent',
  'leader',
  'sites',
  'server',
  'postgresql',
  'replication',
  'etcd',
  'certificates',
  'clock',
  'disks',
  'power',
  'writes',
] as const;

export type StepName = (typeof STEPS)[number];

export type Finding =
  | { readonly kind: 'well'; readonly said: string }
  /** It could not be looked at, which is no fault of it. */
  | { readonly kind: 'unknown'; readonly said: string }
  | {
      readonly kind: 'amiss';
      readonly said: string;
      /** Who must do what. */
      readonly must: string;
      /** If one of these is amiss, this comes of it, and there is where to begin. */
      readonly follows: readonly StepName[];
    };

export const well = (said: string): Finding => ({ kind: 'well', said });
export const unknown = (said: string): Finding => ({ kind: 'unknown', said });
export const amiss = (said: string, must: string, follows: readonly StepName[] = []): Finding => ({
  kind: 'amiss',
  said,
  must,
  follows,
});
