declare const _made: unique symbol;

/** A cache tag.  Only the builders make one: a misspelt tag, or any other string, does not compile. */
export type Tag = string & { readonly [_made]: true };
