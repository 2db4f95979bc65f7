/**
 * Remembers the last result of a function. With thousands of images, views are rendered much more
 * often than their order changes.
 */

export function memo<Given extends readonly unknown[], R>(compute: (...given: Given) => R): (key: readonly unknown[], ...given: Given) => R {
  let before: readonly unknown[] | undefined;
  let result: R;
  return (key, ...given) => {
    if (!before || before.length !== key.length || key.some((part, index) => !Object.is(part, before?.[index]))) {
      result = compute(...given);
      before = key;
    }
    return result;
  };
}
