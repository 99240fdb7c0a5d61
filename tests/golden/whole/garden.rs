use std::collections::HashMap;
use std::fmt;

const PATTERN: &str = r#"("\w+" {"#;

/// What grows in one place.
#[derive(Debug, Clone)]
pub struct Bed<'a> {
    pub name: &'a str,
    pub litres: f64,
}

#[derive(Debug)]
pub enum Error {
    TooLittle(f64),
    Unknown {
        name: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooLittle(litres) => write!(f, "{litres} is too little"),
            Error::Unknown { name } => {
                write!(f, "nobody knows {}", name)
            }
        }
    }
}

impl<'a> Bed<'a> {
    pub fn new(name: &'a str) -> Self {
        Bed { name, litres: 0.0 }
    }

    pub fn water(&mut self, litres: f64) -> Result<f64, Error> {
        if litres <= 0.0 {
            return Err(Error::TooLittle(litres));
        } else if self.name.starts_with('{') {
            return Err(Error::Unknown {
                name: self.name.to_string(),
            });
        }

        self.litres += litres;
        Ok(self.litres)
    }
}

pub fn totals(beds: &[Bed<'_>]) -> HashMap<String, f64> {
    let mut found = HashMap::new();
    for bed in beds {
        let entry = found.entry(bed.name.to_string()).or_insert(0.0);
        *entry += bed.litres;
    }
    found
        .into_iter()
        .filter(|(name, _)| name != PATTERN)
        .collect()
}
