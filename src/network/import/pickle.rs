//! A machine for the pickles that PyTorch writes (`pickletools` of the Python standard library documents the instructions). It builds
//! values and looks for tensors among them. No code is executed: what a pickle would import or call is only written down, but for the
//! few functions that make tensors and dictionaries.

use std::collections::HashMap;

use crate::network::weights::Element;

/// Values that a pickle may make: far above every checkpoint of a network here.
const MOST_VALUES: usize = 1 << 22;

/// Bytes that values with texts and lists may take together, copies included.
const MOST_BYTES: usize = 1 << 28;

/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

/// The place of a value in a [`Pickle`].
pub(super) type Handle = usize;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// What no tensor depends on: nothing, numbers that are not whole, bytes.
    Other,
    /// A whole number of at most 64 bits, or a truth value.
    Integer(i64),
    /// Text.
    Text(String),
    /// A list, tuple or set.
    List(Vec<Handle>),
    /// Keys and values, in order.
    Dictionary(Vec<(Handle, Handle)>),
    /// A class or function: module and name.
    Global(String, String),
    /// Memory of tensors.
    Storage(Storage),
    /// A tensor.
    Tensor(Tensor),
    /// A tensor that is no weights: of complex, quantised, sparse or unknown numbers.
    ForeignTensor,
    /// What calling a class or function would give; with its state, where it has one.
    Object(Option<Handle>),
}

impl Value {
    /// Bytes that it takes beside its place.
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(items) => size_of_val(items.as_slice()),
            Self::Dictionary(items) => size_of_val(items.as_slice()),
            Self::Global(module, name) => module.len() + name.len(),
            Self::Storage(storage) | Self::Tensor(Tensor { storage, .. }) => storage.key.len(),
            Self::Other | Self::Integer(_) | Self::ForeignTensor | Self::Object(_) => 0,
        }
    }
}

/// Memory of tensors, which lies outside of the pickle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    /// Its name.
    pub key: String,
    /// What it holds; none: the tensors say.
    pub element: Option<Element>,
    /// Where it begins in the memory called `key`, in elements: older files have views of storages.
    pub offset: usize,
}

/// A tensor in a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    /// The memory.
    pub storage: Storage,
    /// What it holds.
    pub element: Element,
    /// Index of the first value.
    pub offset: usize,
    /// Length in each dimension.
    pub shape: Vec<usize>,
    /// Distance of neighbours in each dimension.
    pub strides: Vec<usize>,
}

/// The values of a pickle.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    /// What the pickle gives.
    pub result: Handle,
    /// Length in bytes.
    pub length: usize,
}

impl Pickle {
    /// The pickle at the beginning of `bytes`.
    ///
    /// # Errors
    /// What is wrong, in words: an instruction that no weights need, or bytes that are missing.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut machine = Machine::new(bytes);
        let result = machine.run()?;
        Ok(Self { values: machine.values, result, length: machine.at })
    }

    /// A value.
    pub fn value(&self, handle: Handle) -> &Value {
        &self.values[handle]
    }

    /// All storages.
    pub fn storages(&self) -> impl Iterator<Item = &Storage> {
        self.values.iter().filter_map(|value| if let Value::Storage(storage) = value { Some(storage) } else { None })
    }

    /// The value of a whole number.
    pub fn integer(&self, handle: Handle) -> Option<i64> {
        match self.value(handle) {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text of a key: names of tensors have texts, states of optimizers numbers.
    pub fn key(&self, handle: Handle) -> Option<String> {
        match self.value(handle) {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Handle>,
    marks: Vec<usize>,
    memo: HashMap<u64, Handle>,
    bytes_held: usize,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            bytes_held: 0,
        }
    }

    fn run(&mut self) -> Result<Handle, String> {
        loop {
            let instruction = self.take(1)?[0];
            if instruction == b'.' {
                return self.pop();
            }
            self.step(instruction)?;
        }
    }

    fn step(&mut self, instruction: u8) -> Result<(), String> {
        match instruction {
            // PROTO, FRAME: nothing to do.
            0x80 => _ = self.take(1)?,
            0x95 => _ = self.take(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => _ = self.pop()?,
            b'1' => _ = self.above_mark()?,
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            // Constants.
            b'N' => self.push(Value::Other)?,
            0x88 => self.push(Value::Integer(1))?,
            0x89 => self.push(Value::Integer(0))?,
            b'J' => self.integer(4)?,
            b'K' => self.unsigned_integer(1)?,
            b'M' => self.unsigned_integer(2)?,
            0x8a => {
                let length = self.number(1)?;
                self.integer(length)?;
            }
            0x8b => {
                let length = self.number(4)?;
                self.integer(length)?;
            }
            b'I' | b'L' => self.decimal()?,
            b'F' => {
                self.line()?;
                self.push(Value::Other)?;
            }
            b'G' => {
                self.take(8)?;
                self.push(Value::Other)?;
            }
            // Texts; the short ones of Python 2 are names.
            b'X' | b'T' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            0x8d => self.text(8)?,
            b'V' | b'S' => {
                let line = self.line()?;
                let text = line.trim_matches(['\'', '"']).to_owned();
                self.push(Value::Text(text))?;
            }
            // Bytes.
            b'B' => self.skip(4)?,
            b'C' => self.skip(1)?,
            0x8e | 0x96 => self.skip(8)?,
            // Tuples, lists, sets, dictionaries.
            b')' | b']' | 0x8f => self.push(Value::List(Vec::new()))?,
            b't' | b'l' | 0x91 => {
                let items = self.above_mark()?;
                self.push(Value::List(items))?;
            }
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b'}' => self.push(Value::Dictionary(Vec::new()))?,
            b'd' => {
                let items = self.above_mark()?;
                self.push(Value::Dictionary(pairs(&items)))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.above_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(&[key, value])?;
            }
            b'u' => {
                let items = self.above_mark()?;
                self.insert(&items)?;
            }
            // The memo.
            b'p' => {
                let place = self.line_number()?;
                self.remember(place)?;
            }
            b'q' => {
                let place = self.number(1)? as u64;
                self.remember(place)?;
            }
            b'r' => {
                let place = self.number(4)? as u64;
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len() as u64)?,
            b'g' => {
                let place = self.line_number()?;
                self.recall(place)?;
            }
            b'h' => {
                let place = self.number(1)? as u64;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.number(4)? as u64;
                self.recall(place)?;
            }
            // What would be imported, called and set.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(module, name))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |handle| match &self.values[handle] {
                    Value::Text(text) => Ok(text.clone()),
                    _ => Err("a name is no text".to_owned()),
                };
                let global = Value::Global(text(module)?, text(name)?);
                self.push(global)?;
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.call(function, arguments)?;
            }
            0x92 => {
                let (_, arguments, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(class, arguments)?;
            }
            b'i' => {
                self.line()?;
                self.line()?;
                self.above_mark()?;
                self.push(Value::Object(None))?;
            }
            b'o' => {
                self.above_mark()?;
                self.push(Value::Object(None))?;
            }
            b'b' => {
                let (state, object) = (self.pop()?, self.top()?);
                if let Value::Object(kept) = &mut self.values[object] {
                    *kept = Some(state);
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.persistent(id)?;
            }
            other => return Err(format!("its pickle has the instruction {other:#04x}, which no checkpoint needs")),
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| "its pickle is cut off".to_owned())?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| "its pickle is cut off".to_owned())?;
        self.at += length + 1;
        Ok(String::from_utf8_lossy(&rest[..length]).into_owned())
    }

    fn line_number(&mut self) -> Result<u64, String> {
        self.line()?.trim().parse().map_err(|_| "a place in its pickle is no number".to_owned())
    }

    /// An unsigned number of `bytes` bytes.
    fn number(&mut self, bytes: usize) -> Result<usize, String> {
        let number = self.take(bytes)?.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| "a length in its pickle is too large".to_owned())
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        self.bytes_held += value.bytes();
        if self.values.len() >= MOST_VALUES || self.bytes_held > MOST_BYTES {
            return Err("its pickle makes too many values".to_owned());
        }
        self.values.push(value);
        self.stack.push(self.values.len() - 1);
        Ok(())
    }

    fn pop(&mut self) -> Result<Handle, String> {
        self.stack.pop().ok_or_else(|| "its pickle takes more values than it made".to_owned())
    }

    fn top(&self) -> Result<Handle, String> {
        self.stack.last().copied().ok_or_else(|| "its pickle takes more values than it made".to_owned())
    }

    fn above_mark(&mut self) -> Result<Vec<Handle>, String> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(|| "its pickle has no beginning of a list".to_owned())?))
    }

    /// A whole number of so many bytes, with a sign; what is longer than 64 bits is no size.
    fn integer(&mut self, bytes: usize) -> Result<(), String> {
        let taken = self.take(bytes)?;
        if bytes > 8 {
            return self.push(Value::Other);
        }
        let fill = if taken.last().is_some_and(|byte| byte >> 7 == 1) { 0xff } else { 0 };
        let mut eight = [fill; 8];
        eight[..bytes].copy_from_slice(taken);
        self.push(Value::Integer(i64::from_le_bytes(eight)))
    }

    fn unsigned_integer(&mut self, bytes: usize) -> Result<(), String> {
        let number = self.number(bytes)? as i64;
        self.push(Value::Integer(number))
    }

    /// A whole number in decimal digits, as Python 2 writes them; what is longer than 64 bits is no size.
    fn decimal(&mut self) -> Result<(), String> {
        let line = self.line()?;
        let number = line.trim().trim_end_matches('L').parse().map_or(Value::Other, Value::Integer);
        self.push(number)
    }

    fn text(&mut self, bytes: usize) -> Result<(), String> {
        let length = self.number(bytes)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Value::Text(text))
    }

    fn skip(&mut self, bytes: usize) -> Result<(), String> {
        let length = self.number(bytes)?;
        self.take(length)?;
        self.push(Value::Other)
    }

    fn tuple(&mut self, length: usize) -> Result<(), String> {
        let from = self.stack.len().checked_sub(length);
        let items = self.stack.split_off(from.ok_or_else(|| "its pickle takes more values than it made".to_owned())?);
        self.push(Value::List(items))
    }

    fn append(&mut self, items: &[Handle]) -> Result<(), String> {
        let list = self.top()?;
        if let Value::List(known) = &mut self.values[list] {
            known.extend_from_slice(items);
        }
        Ok(())
    }

    fn insert(&mut self, items: &[Handle]) -> Result<(), String> {
        let dictionary = self.top()?;
        if let Value::Dictionary(known) = &mut self.values[dictionary] {
            known.extend(pairs(items));
        }
        Ok(())
    }

    fn remember(&mut self, place: u64) -> Result<(), String> {
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: u64) -> Result<(), String> {
        let handle = self.memo.get(&place).copied();
        self.stack.push(handle.ok_or_else(|| "its pickle recalls what it never made".to_owned())?);
        Ok(())
    }

    fn list(&self, handle: Handle) -> &[Handle] {
        match &self.values[handle] {
            Value::List(items) => items,
            _ => &[],
        }
    }

    fn size(&self, handle: Handle) -> Option<usize> {
        match &self.values[handle] {
            Value::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    fn sizes(&self, handle: Handle) -> Option<Vec<usize>> {
        let list = self.list(handle);
        if list.len() > MOST_DIMENSIONS {
            return None;
        }
        list.iter().map(|item| self.size(*item)).collect()
    }

    /// What a call gives, for functions that make tensors and dictionaries; of all others only that they would be called.
    fn call(&mut self, function: Handle, arguments: Handle) -> Result<(), String> {
        let (module, name) = match &self.values[function] {
            Value::Global(module, name) => (module.as_str(), name.as_str()),
            _ => ("", ""),
        };
        let arguments = self.list(arguments);
        let first = arguments.first().copied();
        match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
                let tensor = self.tensor(arguments, None);
                self.push(tensor)
            }
            ("torch._utils", "_rebuild_tensor_v3") => {
                let element = arguments.get(6).and_then(|dtype| match &self.values[*dtype] {
                    Value::Global(_, name) => Element::of_torch(name),
                    _ => None,
                });
                let tensor = self.tensor(arguments, element);
                self.push(tensor)
            }
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => match first {
                Some(data) => {
                    self.stack.push(data);
                    Ok(())
                }
                None => Err("a parameter in it has no tensor".to_owned()),
            },
            ("torch._utils", name) if name.starts_with("_rebuild_") && name.contains("tensor") => {
                self.push(Value::ForeignTensor)
            }
            // Function, type and arguments of a class of tensors.
            ("torch._tensor", "_rebuild_from_type_v2") => match *arguments {
                [function, _, inner, ..] if matches!(&self.values[function], Value::Global(_, name) if name.starts_with("_rebuild_tensor")) => {
                    self.call(function, inner)
                }
                _ => self.push(Value::Object(None)),
            },
            ("collections", "OrderedDict" | "defaultdict") => {
                let items = first.map_or_else(Vec::new, |items| {
                    let pair = |item: &Handle| match *self.list(*item) {
                        [key, value] => Some((key, value)),
                        _ => None,
                    };
                    self.list(items).iter().filter_map(pair).collect()
                });
                self.push(Value::Dictionary(items))
            }
            _ => self.push(Value::Object(None)),
        }
    }

    /// A tensor of storage, offset, sizes and strides.
    fn tensor(&self, arguments: &[Handle], element: Option<Element>) -> Value {
        self.known_tensor(arguments, element).map_or(Value::ForeignTensor, Value::Tensor)
    }

    fn known_tensor(&self, arguments: &[Handle], element: Option<Element>) -> Option<Tensor> {
        let [storage, offset, shape, strides, ..] = *arguments else { return None };
        let Value::Storage(storage) = &self.values[storage] else { return None };
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        let tensor = Tensor {
            element: element.or(storage.element)?,
            storage: storage.clone(),
            offset: self.size(offset)?,
            strides,
            shape,
        };
        (tensor.shape.len() == tensor.strides.len()).then_some(tensor)
    }

    /// What lies outside of the pickle: `('storage', type, key, device, elements[, view])`, or in older files `('module', class, ..)`.
    fn persistent(&mut self, id: Handle) -> Result<(), String> {
        let parts = self.list(id);
        let word = parts.first().map(|part| &self.values[*part]);
        let value = match (word, parts) {
            (Some(Value::Text(word)), [_, class, key, _, _, view @ ..]) if word == "storage" => {
                let element = match &self.values[*class] {
                    Value::Global(_, name) => Element::of_torch(name),
                    _ => None,
                };
                let key = match &self.values[*key] {
                    Value::Text(text) => text.clone(),
                    Value::Integer(number) => number.to_string(),
                    _ => return Err("a storage in it has no name".to_owned()),
                };
                // Name, offset and size of a view.
                let view = view.first().map_or(&[][..], |view| self.list(*view));
                let offset = view.get(1).and_then(|offset| self.size(*offset)).unwrap_or(0);
                Value::Storage(Storage { key, element, offset })
            }
            (Some(Value::Text(word)), [_, class, ..]) if word == "module" => {
                self.stack.push(*class);
                return Ok(());
            }
            _ => Value::Other,
        };
        self.push(value)
    }
}

fn pairs(items: &[Handle]) -> Vec<(Handle, Handle)> {
    items.as_chunks().0.iter().map(|&[key, value]| (key, value)).collect()
}
