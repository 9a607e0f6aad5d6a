// A number in words: the form of the language that goes with it, from those that the service gave.
export function counted(forms, number, lang) {
  const text = forms[new Intl.PluralRules(lang).select(number)] ?? forms.other;
  return text.replace("{n}", new Intl.NumberFormat(lang).format(number));
}
