/** Those kinds of relations that are shown along with the event that they relate to. */
export const BUNDLED = ['m.thread', 'm.replace', 'm.reference'] as const;

export const isBundled = ({ relType }: { readonly relType: string }): boolean =>
  BUNDLED.some((each) => each === relType);
