declare const brand: unique symbol;

/** A value of type `T` that was checked to be a `Name`; a plain `T` is not accepted in its place. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
