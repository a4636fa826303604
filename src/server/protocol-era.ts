/** `modern`: a host of 2026-07-28 or later, whose requests each stand alone. `legacy`: one that began with `initialize`. */
export type ProtocolEra = 'modern' | 'legacy';
