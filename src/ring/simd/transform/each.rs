//! Eight registers at a time.

/// Applies an expression to each of eight elements. A closure would not be compiled with the instructions of its caller.
macro_rules! each {
    ($array:expr, $x:ident => $result:expr) => {{
        let [x0, x1, x2, x3, x4, x5, x6, x7] = $array;
        [
            {
                let $x = x0;
                $result
            },
            {
                let $x = x1;
                $result
            },
            {
                let $x = x2;
                $result
            },
            {
                let $x = x3;
                $result
            },
            {
                let $x = x4;
                $result
            },
            {
                let $x = x5;
                $result
            },
            {
                let $x = x6;
                $result
            },
            {
                let $x = x7;
                $result
            },
        ]
    }};
}
pub(super) use each;
