/** What the stand-in and the tests that drive it have to agree on. */

/** A secret that the broker knows: it must not be seen anywhere. */
export const CANARY = 'canary-5f1d0c7e9b';
