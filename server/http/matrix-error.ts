/** The features throw these too, and may not import this folder: so they are made in `protocol`. */
export * from '../protocol/matrix-error.ts';
